#ifndef AZL_LIST_H
#define AZL_LIST_H

#include <stdbool.h>
#include <stddef.h>

/* Intrusive doubly linked list. A node out of any list points at itself. */
struct azl_list {
  struct azl_list *next, *prev;
};

static inline void azl_list_init (struct azl_list *list) {
  list->next = list->prev = list;
}

static inline bool azl_list_empty (const struct azl_list *list) {
  return list->next == list;
}

static inline void azl_list_remove (struct azl_list *node) {
  node->prev->next = node->next;
  node->next->prev = node->prev;
  azl_list_init(node);
}

static inline void azl_list_push (struct azl_list *list,
                                  struct azl_list *node) {
  node->prev = list->prev;
  node->next = list;
  list->prev->next = node;
  list->prev = node;
}

static inline struct azl_list *azl_list_pop (struct azl_list *list) {
  struct azl_list *node = list->next;
  if (node == list) return NULL;
  azl_list_remove(node);
  return node;
}

static inline int azl_list_count (const struct azl_list *list) {
  int count = 0;
  for (const struct azl_list *n = list->next; n != list; n = n->next) count++;
  return count;
}

/* Moves everything from `from` to the end of `to`. */
static inline void azl_list_splice (struct azl_list *to,
                                    struct azl_list *from) {
  struct azl_list *node;
  while ((node = azl_list_pop(from)) != NULL) azl_list_push(to, node);
}

#endif
