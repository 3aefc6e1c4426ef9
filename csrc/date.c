/* Dates in the answers of token endpoints and command line tools. HTTP's own
   dates are headers.c's. */
#include "date.h"

#include <string.h>
#include <time.h>

struct reader {
  const char *at;
  bool ok;
};

struct date {
  int year, month, day, hour, minute, second, ms;
  int offset_minutes;
  bool has_zone;
};

static bool is_digit (char c) {
  return c >= '0' && c <= '9';
}

static int number (struct reader *in, int min_digits, int max_digits) {
  int value = 0, count = 0;
  while (count < max_digits && is_digit(*in->at)) {
    value = value * 10 + (*in->at++ - '0');
    count++;
  }
  if (count < min_digits) in->ok = false;
  return value;
}

/* Takes one of the characters in `set`. */
static bool accept (struct reader *in, const char *set) {
  if (*in->at == '\0' || !strchr(set, *in->at)) return false;
  in->at++;
  return true;
}

static void expect (struct reader *in, const char *set) {
  if (!accept(in, set)) in->ok = false;
}

static void skip_blanks (struct reader *in) {
  while (accept(in, " ")) {}
}

static void read_fraction (struct reader *in, struct date *date) {
  int scale = 100;
  if (!accept(in, ".,")) return;
  if (!is_digit(*in->at)) in->ok = false;
  for (; is_digit(*in->at); in->at++, scale /= 10)
    date->ms += (*in->at - '0') * scale;
}

static void read_time (struct reader *in, struct date *date) {
  date->hour = number(in, 1, 2);
  expect(in, ":");
  date->minute = number(in, 2, 2);
  if (!accept(in, ":")) return;
  date->second = number(in, 2, 2);
  read_fraction(in, date);
}

static void read_half_of_day (struct reader *in, struct date *date) {
  bool afternoon = *in->at == 'P' || *in->at == 'p';
  if (!accept(in, "APap")) return;
  expect(in, "Mm");
  if (date->hour < 1 || date->hour > 12) in->ok = false;
  date->hour = date->hour % 12 + (afternoon ? 12 : 0);
  skip_blanks(in);
}

static void read_zone (struct reader *in, struct date *date) {
  int sign = *in->at == '-' ? -1 : 1;
  if (accept(in, "Zz")) {
    date->has_zone = true;
  } else if (accept(in, "+-")) {
    date->has_zone = true;
    date->offset_minutes = sign * 60 * number(in, 2, 2);
    (void)accept(in, ":");
    date->offset_minutes += sign * number(in, 2, 2);
  }
}

static void read_iso_day (struct reader *in, struct date *date) {
  date->year = number(in, 4, 4);
  expect(in, "-");
  date->month = number(in, 2, 2);
  expect(in, "-");
  date->day = number(in, 2, 2);
  expect(in, "Tt ");
}

static void read_us_day (struct reader *in, struct date *date) {
  date->month = number(in, 1, 2);
  expect(in, "/");
  date->day = number(in, 1, 2);
  expect(in, "/");
  date->year = number(in, 4, 4);
  expect(in, " ");
}

static bool is_real (const struct date *date) {
  static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool leap =
      (date->year % 4 == 0 && date->year % 100 != 0) || date->year % 400 == 0;
  if (date->year < 1970 || date->month < 1 || date->month > 12) return false;
  if (date->day < 1) return false;
  if (date->day > days[date->month - 1] + (leap && date->month == 2))
    return false;
  return date->hour < 24 && date->minute < 60 && date->second <= 60;
}

/* Days since 1970-01-01 in the Gregorian calendar (days_from_civil of Howard
   Hinnant's "chrono-Compatible Low-Level Date Algorithms", for years > 0). */
static int64_t days_since_1970 (int year, int month, int day) {
  int y = month <= 2 ? year - 1 : year;
  int era = y / 400;
  int year_of_era = y - era * 400;
  int day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  int day_of_era =
      year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return (int64_t)era * 146097 + day_of_era - 719468;
}

static int64_t utc_seconds (const struct date *date) {
  int64_t days = days_since_1970(date->year, date->month, date->day);
  return days * 86400 + date->hour * 3600 + date->minute * 60 + date->second -
         date->offset_minutes * 60;
}

static int64_t local_seconds (const struct date *date) {
  struct tm parts;
  memset(&parts, 0, sizeof parts);
  parts.tm_year = date->year - 1900;
  parts.tm_mon = date->month - 1;
  parts.tm_mday = date->day;
  parts.tm_hour = date->hour;
  parts.tm_min = date->minute;
  parts.tm_sec = date->second;
  parts.tm_isdst = -1;
  return (int64_t)mktime(&parts);
}

int64_t azl_date_ms (const char *text) {
  struct reader in = {text, text != NULL};
  struct date date;
  int64_t seconds;
  memset(&date, 0, sizeof date);
  if (!text) return -1;
  skip_blanks(&in);
  if (strchr(in.at, '/'))
    read_us_day(&in, &date);
  else
    read_iso_day(&in, &date);
  if (in.ok) read_time(&in, &date);
  skip_blanks(&in);
  if (in.ok) read_half_of_day(&in, &date);
  if (in.ok) read_zone(&in, &date);
  skip_blanks(&in);
  if (!in.ok || *in.at || !is_real(&date)) return -1;
  seconds = date.has_zone ? utc_seconds(&date) : local_seconds(&date);
  return seconds < 0 ? -1 : seconds * 1000 + date.ms;
}

int64_t azl_date_member_ms (const struct json_t *doc, const char *path) {
  static const int64_t last_second = 253402300799; /* of the year 9999 */
  int64_t seconds;
  if (azl_json_int(doc, path, &seconds))
    return seconds > 0 && seconds <= last_second ? seconds * 1000 : -1;
  return azl_date_ms(azl_json_string(doc, path));
}
