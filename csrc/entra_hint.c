/* What to do about the most frequent errors of Microsoft Entra ID. Codes and
   meanings: learn.microsoft.com/entra/identity-platform/reference-error-codes.
 */
#include "entra.h"

#include <string.h>

struct hint {
  const char *code, *text;
};

static const struct hint hints[] = {
    {"AADSTS7000215",
     "the client secret is wrong: use the secret's value, not its id"},
    {"AADSTS7000222",
     "the client secret has expired: add a new one to the app registration"},
    {"AADSTS700016",
     "no app with this client_id in this tenant: check both, and that the app "
     "was installed or consented to there"},
    {"AADSTS90002", "no such tenant: check tenant_id and the cloud"},
    {"AADSTS900023", "tenant_id is neither a tenant's id nor a domain of one"},
    {"AADSTS700027",
     "the certificate is not registered with the app, or another key signed: "
     "upload its public part to the app registration"},
    {"AADSTS700024",
     "the assertion is expired or not yet valid: check this machine's clock, "
     "or the age of the federated token file"},
    {"AADSTS70021",
     "no federated credential of the app fits the token: compare its issuer, "
     "subject and audience"},
    {"AADSTS700211", "the token's issuer fits no federated credential of the "
                     "app: compare them letter by letter"},
    {"AADSTS700212", "the token's audience fits no federated credential of the "
                     "app: usually api://AzureADTokenExchange"},
    {"AADSTS700213", "the token's subject fits no federated credential of the "
                     "app: compare them letter by letter"},
    {"AADSTS7000218",
     "the app is confidential and sent neither secret nor assertion: allow "
     "public client flows, or use another credential"},
    {"AADSTS7000112", "the app is disabled in this tenant: ask an "
                      "administrator to enable its enterprise application"},
    {"AADSTS7000229", "the app has no service principal in this tenant: "
                      "create one, or check tenant_id"},
    {"AADSTS500011",
     "the tenant does not know the resource of the scope: check the cloud and "
     "the audience"},
    {"AADSTS70011",
     "the scope is malformed: it ends in /.default for applications"},
    {"AADSTS1002012",
     "applications ask for a scope that ends in /.default, nothing finer"},
    {"AADSTS50034", "no such user in this tenant: check tenant_id"},
    {"AADSTS50076", "multi-factor sign-in is asked for: sign in again with "
                    "az login, or use an application"},
    {"AADSTS50079", "the user must register for multi-factor sign-in first"},
    {"AADSTS53003", "a conditional access policy blocks the sign-in: ask an "
                    "administrator, its name is in the sign-in log"},
    {"AADSTS65001", "consent is missing: an administrator must grant the app "
                    "its permissions"},
    {"AADSTS50105", "the user or app is not assigned to the application"},
    {"AADSTS50194",
     "the app belongs to one tenant only: ask for a token of that tenant"},
    {"AADSTS50057", "the user account is disabled"},
    {"AADSTS700082", "the sign-in is too old: sign in again"},
    {"AADSTS50173", "the sign-in was revoked: sign in again"},
};

const char *azl_entra_hint (const char *code) {
  if (!code) return NULL;
  for (size_t i = 0; i < sizeof hints / sizeof hints[0]; i++)
    if (strcmp(hints[i].code, code) == 0) return hints[i].text;
  return NULL;
}
