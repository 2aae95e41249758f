/*
 * MIT's GSSAPI as a peer of the benchmark, both sides in one process. Its argument is the mechanism:
 *
 *   ntlm   SPNEGO with gss-ntlmssp; NTLM_USER_FILE names the file with ADTEST:alice:password
 *   krb5   Kerberos; KRB5CCNAME has the client's tickets, KRB5_KTNAME the service's keys
 *
 * Reads one job a line, `JOB SECONDS`, from standard input, answers `COUNT SECONDS` for each:
 *
 *   handshake        whole mutual handshakes, fresh contexts each time, credentials acquired once
 *   handshake-fresh  the same, with credentials acquired and released each time, on both sides
 *   seal64           gss_wrap of 64 bytes by the client, gss_unwrap by the server
 *   seal65536        the same of 64 KiB
 *
 * A failed call ends the program with status 1.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <gssapi/gssapi.h>
#include <gssapi/gssapi_ext.h>
#include <krb5.h>

static gss_OID_desc spnego = { 6, "\x2b\x06\x01\x05\x05\x02" };
static gss_OID_desc ntlm = { 10, "\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a" };
static gss_OID_desc krb5 = { 9, "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02" };
static gss_OID_set_desc spnegoSet = { 1, &spnego };
static gss_OID_set_desc ntlmSet = { 1, &ntlm };
static gss_OID_set_desc krb5Set = { 1, &krb5 };

/* What the argument says: the mechanism that is asked for, and the one that speaks. */
static int kerberos;
static gss_OID mechanism, inner;

static const OM_uint32 FLAGS = GSS_C_MUTUAL_FLAG | GSS_C_REPLAY_FLAG | GSS_C_SEQUENCE_FLAG | GSS_C_CONF_FLAG | GSS_C_INTEG_FLAG;

/* The minor status by address: C may evaluate it before the call beside it that writes it. */
static void check(const char *call, OM_uint32 major, const OM_uint32 *minorOfCall) {
  if (!GSS_ERROR(major)) return;
  OM_uint32 minor = *minorOfCall;
  OM_uint32 ignored, context = 0;
  gss_buffer_desc text;
  fprintf(stderr, "%s failed: %08x %08x", call, major, minor);
  do {
    gss_display_status(&ignored, major, GSS_C_GSS_CODE, GSS_C_NO_OID, &context, &text);
    fprintf(stderr, " %.*s", (int)text.length, (char *)text.value);
    gss_release_buffer(&ignored, &text);
  } while (context != 0);
  do {
    gss_display_status(&ignored, minor, GSS_C_MECH_CODE, inner, &context, &text);
    fprintf(stderr, " / %.*s", (int)text.length, (char *)text.value);
    gss_release_buffer(&ignored, &text);
  } while (context != 0);
  fprintf(stderr, "\n");
  exit(1);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static gss_name_t name(const char *text, gss_OID type) {
  OM_uint32 minor;
  gss_name_t result;
  gss_buffer_desc buffer = { strlen(text), (void *)text };
  check("gss_import_name", gss_import_name(&minor, &buffer, type, &result), &minor);
  return result;
}

static gss_cred_id_t credential(gss_name_t who, int usage) {
  OM_uint32 minor;
  gss_cred_id_t result;
  check("gss_acquire_cred", gss_acquire_cred(&minor, who, GSS_C_INDEFINITE, kerberos ? &krb5Set : &spnegoSet, usage, &result, NULL, NULL), &minor);
  if (!kerberos) check("gss_set_neg_mechs", gss_set_neg_mechs(&minor, result, &ntlmSet), &minor);
  return result;
}

struct pair { gss_ctx_id_t client, server; };

/* The tickets of KRB5CCNAME, into memory: a file would be opened and read anew for each context. */
static void ticketsToMemory(void) {
  krb5_context context;
  krb5_ccache file, memory;
  krb5_principal client;
  if (krb5_init_context(&context) != 0 || krb5_cc_default(context, &file) != 0 || krb5_cc_get_principal(context, file, &client) != 0
      || krb5_cc_resolve(context, "MEMORY:bench", &memory) != 0 || krb5_cc_initialize(context, memory, client) != 0
      || krb5_cc_copy_creds(context, file, memory) != 0) {
    fprintf(stderr, "the tickets could not be read\n");
    exit(1);
  }
  setenv("KRB5CCNAME", "MEMORY:bench", 1);
}

/* NTLM: NegTokenInit, challenge, authenticate with mechListMIC, accept-complete with mechListMIC. Kerberos: AP-REQ, AP-REP. */
static struct pair handshake(gss_cred_id_t client, gss_cred_id_t server, gss_name_t target) {
  struct pair p = { GSS_C_NO_CONTEXT, GSS_C_NO_CONTEXT };
  gss_buffer_desc toServer = GSS_C_EMPTY_BUFFER, toClient = GSS_C_EMPTY_BUFFER;
  OM_uint32 minor, ignored, flags, clientMajor = GSS_S_CONTINUE_NEEDED, serverMajor = GSS_S_CONTINUE_NEEDED;
  while (clientMajor != GSS_S_COMPLETE || serverMajor != GSS_S_COMPLETE) {
    if (clientMajor == GSS_S_CONTINUE_NEEDED) {
      clientMajor = gss_init_sec_context(&minor, client, &p.client, target, mechanism, FLAGS, 0, GSS_C_NO_CHANNEL_BINDINGS, &toClient, NULL, &toServer, &flags, NULL);
      check("gss_init_sec_context", clientMajor, &minor);
      gss_release_buffer(&ignored, &toClient);
    }
    if (serverMajor == GSS_S_CONTINUE_NEEDED) {
      gss_name_t peer = GSS_C_NO_NAME;
      serverMajor = gss_accept_sec_context(&minor, &p.server, server, &toServer, GSS_C_NO_CHANNEL_BINDINGS, &peer, NULL, &toClient, NULL, NULL, NULL);
      check("gss_accept_sec_context", serverMajor, &minor);
      gss_release_buffer(&ignored, &toServer);
      gss_release_name(&ignored, &peer);
    }
  }
  OM_uint32 needed = GSS_C_CONF_FLAG | GSS_C_INTEG_FLAG | (kerberos ? GSS_C_MUTUAL_FLAG : 0);
  if ((flags & needed) != needed) {
    fprintf(stderr, "confidentiality or mutual authentication was not negotiated\n");
    exit(1);
  }
  return p;
}

static void drop(struct pair *p) {
  OM_uint32 minor;
  gss_delete_sec_context(&minor, &p->client, GSS_C_NO_BUFFER);
  gss_delete_sec_context(&minor, &p->server, GSS_C_NO_BUFFER);
}

static void seal(struct pair *p, gss_buffer_t message) {
  OM_uint32 minor, ignored;
  int encrypted;
  gss_buffer_desc token, plain;
  check("gss_wrap", gss_wrap(&minor, p->client, 1, GSS_C_QOP_DEFAULT, message, &encrypted, &token), &minor);
  check("gss_unwrap", gss_unwrap(&minor, p->server, &token, &plain, &encrypted, NULL), &minor);
  if (!encrypted || plain.length != message->length || memcmp(plain.value, message->value, plain.length) != 0) {
    fprintf(stderr, "the message did not survive\n");
    exit(1);
  }
  gss_release_buffer(&ignored, &token);
  gss_release_buffer(&ignored, &plain);
}

int main(int count, char **arguments) {
  char job[32];
  double seconds;
  kerberos = count > 1 && strcmp(arguments[1], "krb5") == 0;
  mechanism = kerberos ? &krb5 : &spnego;
  inner = kerberos ? &krb5 : &ntlm;
  if (kerberos) ticketsToMemory();
  gss_name_t target = name("HTTP@web.ad.test", GSS_C_NT_HOSTBASED_SERVICE);
  gss_name_t user = kerberos ? GSS_C_NO_NAME : name("ADTEST\\alice", GSS_C_NT_USER_NAME);
  gss_cred_id_t client = credential(user, GSS_C_INITIATE);
  gss_cred_id_t server = credential(GSS_C_NO_NAME, GSS_C_ACCEPT);

  while (scanf("%31s %lf", job, &seconds) == 2) {
    long count = 0;
    double start = now(), elapsed = 0;
    if (strcmp(job, "handshake") == 0) {
      for (; elapsed < seconds; elapsed = now() - start, count++) {
        struct pair p = handshake(client, server, target);
        drop(&p);
      }
    } else if (strcmp(job, "handshake-fresh") == 0) {
      for (; elapsed < seconds; elapsed = now() - start, count++) {
        OM_uint32 minor;
        gss_cred_id_t freshClient = credential(user, GSS_C_INITIATE);
        gss_cred_id_t freshServer = credential(GSS_C_NO_NAME, GSS_C_ACCEPT);
        struct pair p = handshake(freshClient, freshServer, target);
        drop(&p);
        gss_release_cred(&minor, &freshClient);
        gss_release_cred(&minor, &freshServer);
      }
    } else if (strncmp(job, "seal", 4) == 0) {
      size_t length = strtoul(job + 4, NULL, 10);
      gss_buffer_desc message = { length, malloc(length) };
      memset(message.value, 0x61, length);
      struct pair p = handshake(client, server, target);
      for (start = now(); elapsed < seconds; elapsed = now() - start, count++) seal(&p, &message);
      drop(&p);
      free(message.value);
    } else {
      fprintf(stderr, "no such job: %s\n", job);
      return 1;
    }
    printf("%ld %.6f\n", count, elapsed);
    fflush(stdout);
  }
  return 0;
}
