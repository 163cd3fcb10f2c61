/* Two SMTP clients that do nothing but ask: what `--pace own` is measured against.
 *
 *   clients pipeline PORT SESSIONS < addresses    RCPT commands pipelined (RFC 2920), 100 on the way, 1000 a session
 *   clients single PORT SESSIONS < addresses      a connection for each address: EHLO, MAIL, RCPT for a random recipient,
 *                                                 RCPT, QUIT, one after the other
 *
 * Both print how many recipients were accepted. They judge nothing, keep nothing, and trust every reply. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WINDOW = 100, MOST = 1000 };

static char **addresses;
static long count, next, accepted;
static int port;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

struct peer { int fd; char buffer[65536]; size_t from, to; };

static void fail(const char *what) { perror(what); exit(1); }

static void say(struct peer *peer, const char *text, size_t length) {
    while (length > 0) {
        ssize_t sent = write(peer->fd, text, length);
        if (sent <= 0) fail("write");
        text += sent;
        length -= sent;
    }
}

/* The code of one reply. */
static int hear(struct peer *peer) {
    for (;;) {
        char *line = peer->buffer + peer->from, *end = memchr(line, '\n', peer->to - peer->from);
        if (end) {
            peer->from = end - peer->buffer + 1;
            if (line[3] != '-') return atoi(line);
            continue;
        }
        memmove(peer->buffer, line, peer->to - peer->from);
        peer->to -= peer->from;
        peer->from = 0;
        ssize_t got = read(peer->fd, peer->buffer + peer->to, sizeof peer->buffer - peer->to);
        if (got <= 0) fail("read");
        peer->to += got;
    }
}

static struct peer *begin(void) {
    struct peer *peer = calloc(1, sizeof *peer);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1;
    peer->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(peer->fd, (struct sockaddr *)&to, sizeof to) < 0) fail("connect");
    setsockopt(peer->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    const char *commands[] = {"EHLO client.example.net\r\n", "MAIL FROM:<probe@example.net>\r\n"};
    hear(peer);
    for (int at = 0; at < 2; at++) {
        say(peer, commands[at], strlen(commands[at]));
        hear(peer);
    }
    return peer;
}

static void end(struct peer *peer, const char *farewell, int replies) {
    say(peer, farewell, strlen(farewell));
    while (replies-- > 0) hear(peer);
    close(peer->fd);
    free(peer);
}

/* Takes so many addresses: where they begin. */
static long take(long most, long *got) {
    pthread_mutex_lock(&lock);
    long from = next;
    *got = count - next < most ? count - next : most;
    next += *got;
    pthread_mutex_unlock(&lock);
    return from;
}

static void *pipeline(void *unused) {
    (void)unused;
    long got, taken = 0;
    for (long from = take(MOST, &got); got > 0; from = take(MOST, &got)) {
        struct peer *peer = begin();
        long sent = 0, heard = 0;
        while (heard < got) {
            char out[WINDOW * 300];
            size_t length = 0;
            /* Half a window at a time, so that the server never waits. */
            if (sent < got && sent - heard <= WINDOW / 2)
                for (; sent < got && sent - heard < WINDOW; sent++)
                    length += sprintf(out + length, "RCPT TO:<%s>\r\n", addresses[from + sent]);
            if (length) say(peer, out, length);
            do {
                taken += hear(peer) == 250;
                heard++;
            } while (heard < sent && sent - heard > WINDOW / 2);
        }
        end(peer, "RSET\r\nQUIT\r\n", 2);
    }
    pthread_mutex_lock(&lock);
    accepted += taken;
    pthread_mutex_unlock(&lock);
    return NULL;
}

static void *single(void *unused) {
    (void)unused;
    long got, taken = 0;
    for (long from = take(1, &got); got > 0; from = take(1, &got)) {
        struct peer *peer = begin();
        char out[300];
        say(peer, out, sprintf(out, "RCPT TO:<r%08lxq7x2k9v%s>\r\n", random(), strchr(addresses[from], '@')));
        hear(peer);
        say(peer, out, sprintf(out, "RCPT TO:<%s>\r\n", addresses[from]));
        taken += hear(peer) == 250;
        end(peer, "QUIT\r\n", 1);
    }
    pthread_mutex_lock(&lock);
    accepted += taken;
    pthread_mutex_unlock(&lock);
    return NULL;
}

int main(int argc, char **argv) {
    if (argc != 4) return fprintf(stderr, "usage: clients pipeline|single PORT SESSIONS\n"), 2;
    port = atoi(argv[2]);
    int sessions = atoi(argv[3]);
    char line[300];
    addresses = malloc(sizeof *addresses * 1000000);
    while (count < 1000000 && fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\r\n")] = 0;
        addresses[count++] = strdup(line);
    }
    pthread_t threads[64];
    for (int at = 0; at < sessions && at < 64; at++)
        pthread_create(&threads[at], NULL, strcmp(argv[1], "single") ? pipeline : single, NULL);
    for (int at = 0; at < sessions && at < 64; at++) pthread_join(threads[at], NULL);
    printf("%ld\n", accepted);
    return accepted == count ? 0 : 1;
}
