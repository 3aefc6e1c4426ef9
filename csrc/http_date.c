/* Owns reading HTTP dates, without the locale's month names or time zone. */
#include "headers.h"
#include "bytes.h"

#include <string.h>

struct date {
  int year, month, day, hour, minute, second;
};

static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
static const char *const weekdays[] = {"Monday",   "Tuesday", "Wednesday",
                                       "Thursday", "Friday",  "Saturday",
                                       "Sunday"};

/* Each reader moves *at behind what it read, or says false. */
static bool read_char (const char **at, char wanted) {
  if (**at != wanted) return false;
  (*at)++;
  return true;
}

static bool read_number (const char **at, int digits, int *out) {
  int value = 0;
  for (int i = 0; i < digits; i++, (*at)++) {
    if (**at < '0' || **at > '9') return false;
    value = value * 10 + (**at - '0');
  }
  *out = value;
  return true;
}

/* asctime pads the day with a space. */
static bool read_padded_day (const char **at, int *out) {
  if (read_char(at, ' ')) return read_number(at, 1, out);
  return read_number(at, 2, out);
}

static bool read_month (const char **at, int *out) {
  for (int i = 0; i < 12; i++) {
    if (!azl_same_bytes(*at, months[i], 3)) continue;
    *at += 3;
    *out = i + 1;
    return true;
  }
  return false;
}

static bool read_time (const char **at, struct date *date) {
  return read_number(at, 2, &date->hour) && read_char(at, ':') &&
         read_number(at, 2, &date->minute) && read_char(at, ':') &&
         read_number(at, 2, &date->second);
}

static bool read_zone (const char **at) {
  if (!azl_same_bytes(*at, " GMT", 4)) return false;
  *at += 4;
  return true;
}

/* Behind the weekday: ", 06 Nov 1994 08:49:37 GMT" */
static bool read_imf (const char *at, struct date *date, const char **end) {
  bool ok = read_char(&at, ',') && read_char(&at, ' ') &&
            read_number(&at, 2, &date->day) && read_char(&at, ' ') &&
            read_month(&at, &date->month) && read_char(&at, ' ') &&
            read_number(&at, 4, &date->year) && read_char(&at, ' ') &&
            read_time(&at, date) && read_zone(&at);
  *end = at;
  return ok;
}

/* Behind the weekday: ", 06-Nov-94 08:49:37 GMT". Two digits are years since
   1970, as everywhere else where they still occur. */
static bool read_rfc850 (const char *at, struct date *date, const char **end) {
  bool ok = read_char(&at, ',') && read_char(&at, ' ') &&
            read_number(&at, 2, &date->day) && read_char(&at, '-') &&
            read_month(&at, &date->month) && read_char(&at, '-') &&
            read_number(&at, 2, &date->year) && read_char(&at, ' ') &&
            read_time(&at, date) && read_zone(&at);
  if (ok) date->year += date->year >= 70 ? 1900 : 2000;
  *end = at;
  return ok;
}

/* Behind the weekday: " Nov  6 08:49:37 1994" */
static bool read_asctime (const char *at, struct date *date, const char **end) {
  bool ok = read_char(&at, ' ') && read_month(&at, &date->month) &&
            read_char(&at, ' ') && read_padded_day(&at, &date->day) &&
            read_char(&at, ' ') && read_time(&at, date) &&
            read_char(&at, ' ') && read_number(&at, 4, &date->year);
  *end = at;
  return ok;
}

/* Behind "Sun" or "Sunday", or NULL. */
static const char *skip_weekday (const char *text) {
  for (size_t i = 0; i < sizeof weekdays / sizeof weekdays[0]; i++) {
    size_t full = strlen(weekdays[i]);
    if (azl_same_bytes(text, weekdays[i], full)) return text + full;
    if (azl_same_bytes(text, weekdays[i], 3)) return text + 3;
  }
  return NULL;
}

static bool is_real (const struct date *date) {
  static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool leap =
      (date->year % 4 == 0 && date->year % 100 != 0) || date->year % 400 == 0;
  int days = lengths[date->month - 1] + (leap && date->month == 2);
  return date->year >= 1970 && date->day >= 1 && date->day <= days &&
         date->hour < 24 && date->minute < 60 && date->second <= 60;
}

/* Days since 1970-01-01 in the Gregorian calendar; years start in March, so
   that the leap day is the last one. */
static int64_t days_from_civil (int year, int month, int day) {
  int64_t from_march = month > 2 ? month - 3 : month + 9;
  int64_t y = month > 2 ? year : year - 1;
  int64_t day_of_year = (153 * from_march + 2) / 5 + day - 1;
  return y * 365 + y / 4 - y / 100 + y / 400 + day_of_year - 719468;
}

int64_t azl_http_date (const char *text) {
  struct date date = {0, 0, 0, 0, 0, 0};
  const char *at, *end;

  if (!text) return -1;
  while (*text == ' ' || *text == '\t') text++;
  at = skip_weekday(text);
  if (!at) return -1;
  if (!read_imf(at, &date, &end) && !read_rfc850(at, &date, &end) &&
      !read_asctime(at, &date, &end))
    return -1;
  while (*end == ' ' || *end == '\t') end++;
  if (*end || !is_real(&date)) return -1;
  return days_from_civil(date.year, date.month, date.day) * 86400 +
         date.hour * 3600 + date.minute * 60 + date.second;
}
