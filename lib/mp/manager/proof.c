/*
 * The proof that both sides of a connection give each other: see protocol.h.
 */
#include "protocol.h"

#include <mp/process.h>
#include <string.h>

void manager_proof(const void *authkey, const char *role, const struct manager_nonces *nonces,
                   uint8_t proof[SHA256_BYTES])
{
    struct hmac_sha256 h;
    hmac_sha256_init(&h, authkey, MP_AUTHKEY_BYTES);
    hmac_sha256_add(&h, role, strlen(role) + 1); /* with its end, so that nothing can be taken for a part of it */
    hmac_sha256_add(&h, nonces->client, sizeof nonces->client);
    hmac_sha256_add(&h, nonces->server, sizeof nonces->server);
    hmac_sha256_add(&h, &nonces->instance, sizeof nonces->instance);
    hmac_sha256_add(&h, &nonces->pid, sizeof nonces->pid);
    hmac_sha256_finish(&h, proof);
}
