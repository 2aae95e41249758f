/*
 * Whole handshakes through Secur32, both sides in one process, with the calls that backends/secur32 makes.
 *
 *   handshake.exe PACKAGE ROUNDS COUNT TARGET IN_FLIGHT,… [USER DOMAIN PASSWORD]
 *
 * IN_FLIGHT says in which manners, which take turns, a round each:
 *   0      one thread, plain calls, one handshake after the other
 *   1, 2…  so many handshakes at once, and an event loop that is kept free: a call that can reach the network is queued to one of a few threads,
 *          and its end is posted to an I/O completion port, on which the main thread waits (GetQueuedCompletionStatus). The pool of the system
 *          (QueueUserWorkItem) takes longer in Wine.
 *   1e, …  the same, and the main thread takes all that has ended at once (GetQueuedCompletionStatusEx), as libuv does
 *
 * HANDSHAKE_BALLAST in the environment: megabytes to fill first, so that the process is as large as node.exe. Wine's NTLM forks the process for
 * every context, which takes longer the more memory it has.
 *
 * HANDSHAKE_TURN: "0/3" is the first of three programs that take turns, a round each, whatever else the machine does meanwhile.
 *
 * Acquires both credentials once, then prints for each round of COUNT handshakes: the manner, the milliseconds it took, and those of processor time
 * that the process used. Without a user: the default credential.
 */
#define SECURITY_WIN32
#define _WIN32_WINNT 0x0601
#include <windows.h>
#include <sspi.h>
#include <stdio.h>
#include <stdlib.h>

#define FLAGS_ISC (ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT | ISC_REQ_CONNECTION)
#define FLAGS_ASC (ASC_REQ_CONFIDENTIALITY | ASC_REQ_INTEGRITY | ASC_REQ_REPLAY_DETECT | ASC_REQ_SEQUENCE_DETECT | ASC_REQ_CONNECTION)
#define MANNERS 16
#define PATIENCE 60000 /* milliseconds */
#define MOST_IN_FLIGHT 64
#define THREADS 4 /* as many as libuv has */

struct handshake
{
    CtxtHandle client, server;
    BOOL has_client, has_server, is_servers_turn;
    SECURITY_STATUS initialized, accepted;
    ULONG there, back; /* lengths of the tokens */
    BYTE *to_server, *to_client;
    struct handshake *next; /* in the queue */
};

static CredHandle outbound, inbound;
static ULONG max_token;
static WCHAR *target;
static HANDLE port, own_turn, next_turn;
static SRWLOCK lock = SRWLOCK_INIT;
static CONDITION_VARIABLE queued = CONDITION_VARIABLE_INIT;
static struct handshake *first, *last;

static void must(SECURITY_STATUS status, const char *call)
{
    if (status < 0)
    {
        fprintf(stderr, "%s: 0x%08lx\n", call, (unsigned long)status);
        exit(1);
    }
}

static void need(BOOL success, const char *call)
{
    if (success) return;
    fprintf(stderr, "%s: error %lu\n", call, GetLastError());
    exit(1);
}

static void fill(const char *megabytes)
{
    size_t size = megabytes ? (size_t)atoi(megabytes) << 20 : 0, at;
    volatile char *ballast = size ? malloc(size) : NULL;
    for (at = 0; ballast && at < size; at += 4096) ballast[at] = 1;
}

static void begin(struct handshake *one)
{
    one->has_client = one->has_server = one->is_servers_turn = FALSE;
    one->initialized = one->accepted = SEC_I_CONTINUE_NEEDED;
    one->there = one->back = 0;
}

static BOOL is_complete(const struct handshake *one)
{
    return one->initialized == SEC_E_OK && one->accepted == SEC_E_OK;
}

/* One call: what can reach the network. */
static void leg(struct handshake *one)
{
    SecBuffer there = { one->there, SECBUFFER_TOKEN, one->to_server }, back = { one->back, SECBUFFER_TOKEN, one->to_client };
    SecBufferDesc there_desc = { SECBUFFER_VERSION, 1, &there }, back_desc = { SECBUFFER_VERSION, 1, &back };
    ULONG attributes;
    TimeStamp expiry;

    if (one->is_servers_turn)
    {
        back.cbBuffer = max_token;
        one->accepted = AcceptSecurityContext(&inbound, one->has_server ? &one->server : NULL, &there_desc, FLAGS_ASC, SECURITY_NETWORK_DREP,
            &one->server, &back_desc, &attributes, &expiry);
        must(one->accepted, "AcceptSecurityContext");
        one->has_server = TRUE;
        one->is_servers_turn = FALSE;
    }
    else
    {
        there.cbBuffer = max_token;
        one->initialized = InitializeSecurityContextW(&outbound, one->has_client ? &one->client : NULL, target, FLAGS_ISC, 0, SECURITY_NETWORK_DREP,
            one->has_client ? &back_desc : NULL, 0, &one->client, &there_desc, &attributes, &expiry);
        must(one->initialized, "InitializeSecurityContext");
        one->has_client = TRUE;
        one->is_servers_turn = there.cbBuffer != 0;
    }
    one->there = there.cbBuffer;
    one->back = back.cbBuffer;
}

static void end(struct handshake *one)
{
    must(DeleteSecurityContext(&one->client), "DeleteSecurityContext");
    must(DeleteSecurityContext(&one->server), "DeleteSecurityContext");
}

static void run_plainly(struct handshake *one, int count)
{
    while (count-- > 0)
    {
        begin(one);
        while (!is_complete(one)) leg(one);
        end(one);
    }
}

static DWORD WINAPI work(void *unused)
{
    (void)unused;
    for (;;)
    {
        struct handshake *one;
        AcquireSRWLockExclusive(&lock);
        while (first == NULL) SleepConditionVariableSRW(&queued, &lock, INFINITE, 0);
        one = first;
        first = one->next;
        ReleaseSRWLockExclusive(&lock);
        leg(one);
        need(PostQueuedCompletionStatus(port, 0, (ULONG_PTR)one, NULL), "PostQueuedCompletionStatus");
    }
    return 0;
}

static void queue(struct handshake *one)
{
    AcquireSRWLockExclusive(&lock);
    one->next = NULL;
    if (first == NULL) first = one;
    else last->next = one;
    last = one;
    ReleaseSRWLockExclusive(&lock);
    WakeConditionVariable(&queued);
}

static struct handshake *wait_for_one(void)
{
    DWORD bytes;
    ULONG_PTR key;
    OVERLAPPED *overlapped;

    need(GetQueuedCompletionStatus(port, &bytes, &key, &overlapped, INFINITE), "GetQueuedCompletionStatus");
    return (struct handshake *)key;
}

static struct handshake *wait_for_all(void)
{
    static OVERLAPPED_ENTRY entries[MOST_IN_FLIGHT];
    static ULONG count, next;

    if (next == count)
    {
        need(GetQueuedCompletionStatusEx(port, entries, MOST_IN_FLIGHT, &count, INFINITE, FALSE), "GetQueuedCompletionStatusEx");
        next = 0;
    }
    return (struct handshake *)entries[next++].lpCompletionKey;
}

/* The main thread makes no call that can wait for the network. */
static void run_in_flight(struct handshake *all, int in_flight, BOOL takes_all, int count)
{
    int started, ended = 0;
    for (started = 0; started < in_flight && started < count; started++)
    {
        begin(&all[started]);
        queue(&all[started]);
    }
    while (ended < count)
    {
        struct handshake *one = takes_all ? wait_for_all() : wait_for_one();
        if (!is_complete(one))
        {
            queue(one);
            continue;
        }
        end(one);
        ended++;
        if (started == count) continue;
        started++;
        begin(one);
        queue(one);
    }
}

static HANDLE turn_of(int program)
{
    WCHAR name[64];
    HANDLE event;
    wsprintfW(name, L"portable-sspi-turn-%d", program);
    event = CreateEventW(NULL, FALSE, FALSE, name);
    need(event != NULL, "CreateEvent");
    return event;
}

static void await_turn(BOOL is_first)
{
    if (own_turn && !is_first) need(WaitForSingleObject(own_turn, PATIENCE) == WAIT_OBJECT_0, "waiting for the others");
}

static void pass_turn(void)
{
    if (next_turn) need(SetEvent(next_turn), "SetEvent");
}

/* Milliseconds. */
static double processor_time(void)
{
    FILETIME created, exited, kernel, user;
    need(GetProcessTimes(GetCurrentProcess(), &created, &exited, &kernel, &user), "GetProcessTimes");
    return (kernel.dwLowDateTime + user.dwLowDateTime + 4294967296.0 * (kernel.dwHighDateTime + user.dwHighDateTime)) / 10000;
}

int wmain(int argc, WCHAR **argv)
{
    WCHAR *package, *at;
    struct { int in_flight; BOOL takes_all; } manners[MANNERS];
    int rounds, count, round, i, manner_count = 0, program = 0, programs = 0;
    TimeStamp expiry;
    PSecPkgInfoW info;
    SEC_WINNT_AUTH_IDENTITY_W identity = { 0 };
    struct handshake *all;
    LARGE_INTEGER frequency, from, to;

    if (argc != 6 && argc != 9)
    {
        fprintf(stderr, "handshake PACKAGE ROUNDS COUNT TARGET IN_FLIGHT,... [USER DOMAIN PASSWORD]\n");
        return 2;
    }
    fill(getenv("HANDSHAKE_BALLAST"));
    if (getenv("HANDSHAKE_TURN") && sscanf(getenv("HANDSHAKE_TURN"), "%d/%d", &program, &programs) == 2)
    {
        own_turn = turn_of(program);
        next_turn = turn_of((program + 1) % programs);
    }
    package = argv[1];
    rounds = _wtoi(argv[2]);
    count = _wtoi(argv[3]);
    target = argv[4];
    for (at = wcstok(argv[5], L","); at && manner_count < MANNERS; at = wcstok(NULL, L","))
    {
        i = _wtoi(at);
        if (i < 0 || i > MOST_IN_FLIGHT) return 2;
        manners[manner_count].in_flight = i;
        manners[manner_count++].takes_all = wcschr(at, 'e') != NULL;
    }
    if (argc == 9)
    {
        identity.User = (void *)argv[6];
        identity.UserLength = lstrlenW((void *)identity.User);
        identity.Domain = (void *)argv[7];
        identity.DomainLength = lstrlenW((void *)identity.Domain);
        identity.Password = (void *)argv[8];
        identity.PasswordLength = lstrlenW((void *)identity.Password);
        identity.Flags = SEC_WINNT_AUTH_IDENTITY_UNICODE;
    }
    must(QuerySecurityPackageInfoW(package, &info), "QuerySecurityPackageInfo");
    max_token = info->cbMaxToken;
    FreeContextBuffer(info);
    all = calloc(MOST_IN_FLIGHT, sizeof(*all));
    for (i = 0; i < MOST_IN_FLIGHT; i++)
    {
        all[i].to_server = malloc(max_token);
        all[i].to_client = malloc(max_token);
    }
    port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 1);
    need(port != NULL, "CreateIoCompletionPort");
    for (i = 0; i < THREADS; i++) need(CreateThread(NULL, 0, work, NULL, 0, NULL) != NULL, "CreateThread");
    await_turn(program == 0); /* Kerberos in Wine writes its tickets to one file for all */
    must(AcquireCredentialsHandleW(NULL, package, SECPKG_CRED_OUTBOUND, NULL, argc == 9 ? &identity : NULL, NULL, NULL, &outbound, &expiry),
        "AcquireCredentialsHandle (outbound)");
    must(AcquireCredentialsHandleW(NULL, package, SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, &inbound, &expiry), "AcquireCredentialsHandle (inbound)");
    run_plainly(all, 1);
    pass_turn();

    QueryPerformanceFrequency(&frequency);
    for (round = 0; round < rounds; round++)
    {
        await_turn(FALSE);
        for (i = 0; i < manner_count; i++)
        {
            double used = processor_time();
            QueryPerformanceCounter(&from);
            if (manners[i].in_flight == 0) run_plainly(all, count);
            else run_in_flight(all, manners[i].in_flight, manners[i].takes_all, count);
            QueryPerformanceCounter(&to);
            printf("%d%s %.3f %.3f\n", manners[i].in_flight, manners[i].takes_all ? "e" : "", (to.QuadPart - from.QuadPart) * 1000.0 / frequency.QuadPart, processor_time() - used);
        }
        fflush(stdout);
        pass_turn();
    }
    FreeCredentialsHandle(&outbound);
    FreeCredentialsHandle(&inbound);
    return 0;
}
