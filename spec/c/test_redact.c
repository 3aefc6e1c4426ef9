#include "check.h"
#include "redact.h"

#define SECRET "a+b&c=\"d\" e/~f%20<g>'h"

static void check_redact (const char *text, const char *secret,
                          const char *want) {
  char *got = azl_redact(text, secret);
  CHECK_STR(got, want);
  azl_free(got);
}

static void test_every_spelling (void) {
  static const struct {
    const char *name, *text;
  } rows[] = {
      {"as it is", "<a+b&c=\"d\" e/~f%20<g>'h>"},
      {"percent", "<a%2Bb%26c%3D%22d%22%20e%2F~f%2520%3Cg%3E%27h>"},
      {"percent, lower case",
       "<a%2bb%26c%3d%22d%22%20e%2f%7ef%2520%3cg%3e%27h>"},
      {"a form", "<a%2Bb%26c%3D%22d%22+e%2F%7Ef%2520%3Cg%3E%27h>"},
      {"JSON", "<a+b&c=\\\"d\\\" e/~f%20<g>'h>"},
      {"JSON, careful",
       "<a\\u002Bb\\u0026c=\\u0022d\\u0022 e\\/~f%20\\u003cg\\u003E\\u0027h>"},
      {"HTML", "<a+b&amp;c=&quot;d&quot; e/~f%20&lt;g&gt;&#39;h>"},
      {"HTML, other names", "<a&#43;b&AMP;c=&#34;d&#34; e/~f%20&lt;g>&#x27;h>"},
      {"its beginning", "<a+b&c=\"d\">"},
      {"its beginning, percent", "<a%2Bb%26c%3D%22d%2>"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char *got = azl_redact(rows[i].text, SECRET);
    CHECK_ROW(rows[i].name);
    CHECK(got && strncmp(got, "<REDACTED", 9) == 0);
    CHECK(got && !strstr(got, "d\""));
    azl_free(got);
  }
  CHECK_ROW(NULL);
}

static void test_what_stays (void) {
  check_redact("nothing of it", "s3cr3t-value", "nothing of it");
  check_redact("the s3cr3t is not said", "s3cr3t-value",
               "the s3cr3t is not said");
  check_redact("too short to be one: abc", "abc", "too short to be one: abc");
  check_redact("", "s3cr3t-value", "");
  CHECK(azl_redact(NULL, "s3cr3t-value") == NULL);
}

static void test_each_time (void) {
  check_redact("k3y! and k3y! k3", "k3y!", "REDACTED and REDACTED k3");
  check_redact("k3yk3y!", "k3y!", "k3yREDACTED");
}

static void test_the_fields_of_a_form (void) {
  struct azl_buf form;
  struct azl_err *err =
      azl_err_new(AZL_ERR_AUTH, "AADSTS7", "bad secret p@ss/word for app-id");
  azl_buf_init(&form, 1024);
  azl_err_set(err, body, "client_id=app-id&client_secret=p%40ss%2Fword");
  azl_err_set(err, target, "p@ss/word");
  azl_err_set(err, request_id, "dev-code");
  CHECK(azl_buf_add_str(&form, "client_id=app-id&client_secret=p%40ss%2Fword"
                               "&device_code=dev-code&scope=a&code="));
  err = azl_err_redact_form(err, &form);
  CHECK_STR(err->message, "bad secret REDACTED for app-id");
  CHECK_STR(err->body, "client_id=app-id&client_secret=REDACTED");
  CHECK_STR(err->target, "REDACTED");
  CHECK_STR(err->request_id, "REDACTED");
  CHECK_STR(err->code, "AADSTS7");
  azl_err_free(err);
  azl_buf_free(&form);
}

static void test_what_led_to_it (void) {
  struct azl_err *cause = azl_err_new(AZL_ERR_TRANSPORT, NULL, "sent s3cr3t");
  struct azl_err *err = azl_err_new(AZL_ERR_AUTH, NULL, "no answer");
  azl_err_set_inner(err, cause);
  azl_err_redact(err, "s3cr3t");
  CHECK_STR(err->inner->message, "sent REDACTED");
  azl_err_free(cause);
  azl_err_free(err);
}

static void redact_if_memory_lets (void) {
  struct azl_buf form;
  struct azl_err *err = azl_err_new(AZL_ERR_AUTH, "C", "the s3cr3t");
  azl_buf_init(&form, 1024);
  if (azl_buf_add_str(&form, "client_secret=s3cr3t"))
    err = azl_err_redact_form(err, &form);
  if (form.len) CHECK(!err->message || !strstr(err->message, "s3cr3t"));
  azl_err_free(err);
  azl_buf_free(&form);
}

static void test_out_of_memory (void) {
  check_out_of_memory(redact_if_memory_lets);
}

int main (void) {
  RUN_TESTS(TEST(test_every_spelling), TEST(test_what_stays),
            TEST(test_each_time), TEST(test_the_fields_of_a_form),
            TEST(test_what_led_to_it), TEST(test_out_of_memory));
}
