/* A secur32 in miniature, as a shared object: real native code behind koffi, where there is no Windows. It echoes, and counts what it gives. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef uint32_t ULONG;
typedef uint16_t WCHAR;
typedef uint32_t STATUS;
typedef struct { uintptr_t dwLower, dwUpper; } SecHandle;
typedef struct { ULONG cbBuffer, BufferType; void *pvBuffer; } SecBuffer;
typedef struct { ULONG ulVersion, cBuffers; SecBuffer *pBuffers; } SecBufferDesc;
typedef struct { WCHAR *User; ULONG UserLength; WCHAR *Domain; ULONG DomainLength; WCHAR *Password; ULONG PasswordLength; ULONG Flags; } Identity;
typedef struct { ULONG fCapabilities; uint16_t wVersion, wRPCID; ULONG cbMaxToken; WCHAR *Name, *Comment; } SecPkgInfoW;

enum { OK = 0, CONTINUE = 0x00090312, INVALID_HANDLE = 0x80090301u, UNSUPPORTED = 0x80090302u, LOGON_DENIED = 0x8009030cu, ALTERED = 0x8009030fu, TOKEN = 2, DATA = 1 };

static int outstanding;
int fake_outstanding(void) { return __atomic_load_n(&outstanding, __ATOMIC_SEQ_CST); }

static void *give(size_t size) { __atomic_add_fetch(&outstanding, 1, __ATOMIC_SEQ_CST); return calloc(1, size); }
STATUS FreeContextBuffer(void *memory) { __atomic_sub_fetch(&outstanding, 1, __ATOMIC_SEQ_CST); free(memory); return OK; }

static void newHandle(SecHandle *handle) {
  handle->dwLower = (uintptr_t)give(16);
  handle->dwUpper = ~handle->dwLower;
}
static STATUS freeHandle(SecHandle *handle) { return handle->dwUpper == ~handle->dwLower ? FreeContextBuffer((void *)handle->dwLower) : INVALID_HANDLE; }
STATUS FreeCredentialsHandle(SecHandle *handle) { return freeHandle(handle); }
STATUS DeleteSecurityContext(SecHandle *handle) { return freeHandle(handle); }

static SecPkgInfoW *packageInfo(void) {
  static const WCHAR name[] = {'N', 'T', 'L', 'M', 0}, comment[] = {0xe4, 0x20ac, 0};
  char *memory = give(sizeof(SecPkgInfoW) + sizeof name + sizeof comment);
  SecPkgInfoW *info = (SecPkgInfoW *)memory;
  info->fCapabilities = 0x82b37; info->wVersion = 1; info->wRPCID = 10; info->cbMaxToken = 2888;
  info->Name = memcpy(memory + sizeof *info, name, sizeof name);
  info->Comment = memcpy(memory + sizeof *info + sizeof name, comment, sizeof comment);
  return info;
}
STATUS QuerySecurityPackageInfoW(WCHAR *name, SecPkgInfoW **info) { (void)name; *info = packageInfo(); return OK; }

STATUS AcquireCredentialsHandleW(WCHAR *principal, WCHAR *package, ULONG use, void *logon, Identity *identity, void *getKey, void *argument, SecHandle *handle, int64_t *expiry) {
  static const WCHAR user[] = {'a', 'l', 'i', 'c', 'e'};
  (void)logon; (void)getKey; (void)argument; (void)use;
  if (principal != NULL || package[0] != 'N') return INVALID_HANDLE;
  if (identity == NULL || identity->Flags != 2 || identity->UserLength != 5 || memcmp(identity->User, user, sizeof user) != 0) return LOGON_DENIED;
  if (identity->PasswordLength != 9 || identity->Password[1] != 0xe4) return LOGON_DENIED;
  newHandle(handle);
  *expiry = 0x7fffffffffffffff;
  return OK;
}

/* The first leg gives the target, the second one the peer's token, bit by bit the other way. */
STATUS InitializeSecurityContextW(SecHandle *credential, SecHandle *context, WCHAR *target, ULONG request, ULONG r1, ULONG drep, SecBufferDesc *input, ULONG r2, SecHandle *fresh, SecBufferDesc *output, ULONG *attributes, int64_t *expiry) {
  struct timespec pause = {0, 2000000};
  SecBuffer *token = &output->pBuffers[0];
  (void)r1; (void)drep; (void)r2;
  if (credential->dwUpper != ~credential->dwLower) return INVALID_HANDLE;
  if (target != NULL && target[0] == 's') nanosleep(&pause, NULL);
  *attributes = request;
  *expiry = 0;
  if (context == NULL) {
    ULONG length = 0;
    while (target[length] != 0) length++;
    memcpy(token->pvBuffer, target, 2 * length);
    token->cbBuffer = 2 * length;
    newHandle(fresh);
    return CONTINUE;
  }
  const SecBuffer *answer = &input->pBuffers[0];
  for (ULONG i = 0; i < answer->cbBuffer; i++) ((uint8_t *)token->pvBuffer)[i] = ~((uint8_t *)answer->pvBuffer)[i];
  token->cbBuffer = answer->cbBuffer;
  return OK;
}

STATUS QueryContextAttributesW(SecHandle *context, ULONG attribute, void *value) {
  if (context->dwUpper != ~context->dwLower) return INVALID_HANDLE;
  if (attribute == 0) { ULONG sizes[] = {2888, 16, 0, 16}; memcpy(value, sizes, sizeof sizes); return OK; }
  if (attribute == 9) {
    struct { ULONG length; uint8_t *key; } *session = value;
    session->length = 16;
    session->key = give(16);
    memset(session->key, 0x5a, 16);
    return OK;
  }
  if (attribute == 10) { *(SecPkgInfoW **)value = packageInfo(); return OK; }
  return UNSUPPORTED;
}

STATUS EncryptMessage(SecHandle *context, ULONG qop, SecBufferDesc *message, ULONG sequence) {
  (void)context; (void)qop; (void)sequence;
  for (ULONG b = 0; b < message->cBuffers; b++) {
    SecBuffer *buffer = &message->pBuffers[b];
    if (buffer->BufferType == TOKEN) memset(buffer->pvBuffer, 0xaa, buffer->cbBuffer);
    else for (ULONG i = 0; i < buffer->cbBuffer; i++) ((uint8_t *)buffer->pvBuffer)[i] ^= 0x33;
  }
  return OK;
}
STATUS DecryptMessage(SecHandle *context, SecBufferDesc *message, ULONG sequence, ULONG *qop) {
  for (ULONG b = 0; b < message->cBuffers; b++) {
    const SecBuffer *buffer = &message->pBuffers[b];
    if (buffer->BufferType == TOKEN && ((uint8_t *)buffer->pvBuffer)[0] != 0xaa) return ALTERED;
  }
  *qop = 0;
  return EncryptMessage(context, 0, message, sequence);
}
