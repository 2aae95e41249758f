/*
 * Whole handshakes through Secur32, both sides in one process, with the calls that backends/secur32 makes.
 *
 *   handshake.exe PACKAGE ROUNDS COUNT TARGET [USER DOMAIN PASSWORD]
 *
 * HANDSHAKE_BALLAST in the environment: megabytes to fill first, so that the process is as large as node.exe. Wine's NTLM forks the process for
 * every context, which takes longer the more memory it has.
 *
 * Acquires both credentials once, then prints for each round of COUNT handshakes the milliseconds it took.
 * Without a user: the default credential.
 */
#define SECURITY_WIN32
#include <windows.h>
#include <sspi.h>
#include <stdio.h>
#include <stdlib.h>

#define FLAGS_ISC (ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT | ISC_REQ_CONNECTION)
#define FLAGS_ASC (ASC_REQ_CONFIDENTIALITY | ASC_REQ_INTEGRITY | ASC_REQ_REPLAY_DETECT | ASC_REQ_SEQUENCE_DETECT | ASC_REQ_CONNECTION)

static void must(SECURITY_STATUS status, const char *call)
{
    if (status < 0)
    {
        fprintf(stderr, "%s: 0x%08lx\n", call, (unsigned long)status);
        exit(1);
    }
}

static void fill(const char *megabytes)
{
    size_t size = megabytes ? (size_t)atoi(megabytes) << 20 : 0, at;
    volatile char *ballast = size ? malloc(size) : NULL;
    for (at = 0; ballast && at < size; at += 4096) ballast[at] = 1;
}

static void handshake(CredHandle *outbound, CredHandle *inbound, WCHAR *target, ULONG max_token, BYTE *to_server, BYTE *to_client)
{
    CtxtHandle client, server;
    BOOL has_client = FALSE, has_server = FALSE;
    SECURITY_STATUS initialized = SEC_I_CONTINUE_NEEDED, accepted = SEC_I_CONTINUE_NEEDED;
    SecBuffer there = { 0, SECBUFFER_TOKEN, to_server }, back = { 0, SECBUFFER_TOKEN, to_client };
    SecBufferDesc there_desc = { SECBUFFER_VERSION, 1, &there }, back_desc = { SECBUFFER_VERSION, 1, &back };
    ULONG attributes;
    TimeStamp expiry;

    while (initialized != SEC_E_OK || accepted != SEC_E_OK)
    {
        there.cbBuffer = max_token;
        back.BufferType = SECBUFFER_TOKEN; /* Wine's NTLM acceptor makes it SECBUFFER_DATA */
        initialized = InitializeSecurityContextW(outbound, has_client ? &client : NULL, target, FLAGS_ISC, 0, SECURITY_NETWORK_DREP,
            has_client ? &back_desc : NULL, 0, &client, &there_desc, &attributes, &expiry);
        must(initialized, "InitializeSecurityContext");
        has_client = TRUE;
        if (there.cbBuffer == 0) continue;
        back.cbBuffer = max_token;
        accepted = AcceptSecurityContext(inbound, has_server ? &server : NULL, &there_desc, FLAGS_ASC, SECURITY_NETWORK_DREP,
            &server, &back_desc, &attributes, &expiry);
        must(accepted, "AcceptSecurityContext");
        has_server = TRUE;
    }
    must(DeleteSecurityContext(&client), "DeleteSecurityContext");
    must(DeleteSecurityContext(&server), "DeleteSecurityContext");
}

int wmain(int argc, WCHAR **argv)
{
    WCHAR *package, *target;
    int rounds, count, round, i;
    CredHandle outbound, inbound;
    TimeStamp expiry;
    PSecPkgInfoW info;
    SEC_WINNT_AUTH_IDENTITY_W identity = { 0 };
    BYTE *to_server, *to_client;
    LARGE_INTEGER frequency, from, to;

    if (argc != 5 && argc != 8)
    {
        fprintf(stderr, "handshake PACKAGE ROUNDS COUNT TARGET [USER DOMAIN PASSWORD]\n");
        return 2;
    }
    fill(getenv("HANDSHAKE_BALLAST"));
    package = argv[1];
    rounds = _wtoi(argv[2]);
    count = _wtoi(argv[3]);
    target = argv[4];
    if (argc == 8)
    {
        identity.User = (void *)argv[5];
        identity.UserLength = lstrlenW((void *)identity.User);
        identity.Domain = (void *)argv[6];
        identity.DomainLength = lstrlenW((void *)identity.Domain);
        identity.Password = (void *)argv[7];
        identity.PasswordLength = lstrlenW((void *)identity.Password);
        identity.Flags = SEC_WINNT_AUTH_IDENTITY_UNICODE;
    }
    must(QuerySecurityPackageInfoW(package, &info), "QuerySecurityPackageInfo");
    to_server = malloc(info->cbMaxToken);
    to_client = malloc(info->cbMaxToken);
    must(AcquireCredentialsHandleW(NULL, package, SECPKG_CRED_OUTBOUND, NULL, argc == 8 ? &identity : NULL, NULL, NULL, &outbound, &expiry),
        "AcquireCredentialsHandle (outbound)");
    must(AcquireCredentialsHandleW(NULL, package, SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, &inbound, &expiry), "AcquireCredentialsHandle (inbound)");

    QueryPerformanceFrequency(&frequency);
    for (round = 0; round < rounds; round++)
    {
        QueryPerformanceCounter(&from);
        for (i = 0; i < count; i++) handshake(&outbound, &inbound, target, info->cbMaxToken, to_server, to_client);
        QueryPerformanceCounter(&to);
        printf("%.3f\n", (to.QuadPart - from.QuadPart) * 1000.0 / frequency.QuadPart);
        fflush(stdout);
    }
    FreeCredentialsHandle(&outbound);
    FreeCredentialsHandle(&inbound);
    FreeContextBuffer(info);
    return 0;
}
