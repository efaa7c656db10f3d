/*
 * The practical limit of a server: a plain epoll broadcaster with ranks. It makes one send for each receiver and batch, and does
 * nothing else that a coordinator must do. The benchmark reports rankd's result as a share of the result of this program.
 *
 *   gcc -O3 -march=native -o c-limit c-limit.c
 *   c-limit PORT
 *
 * In:  CMD id length\r\n payload\r\n          Out: CMD seq rank length\r\n payload\r\n   to every member below the sender
 *      RES seq length\r\n payload\r\n              RANK n\r\n                            to a member whose rank has changed
 *                                                DONE seq count length\r\n results\r\n to the sender, when all have answered
 *
 * It keeps the results of the last command only: the load generator has one open command if it wants results.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
  OPEN_FILES = 20000,
  LISTEN_BACKLOG = 4096,
  ACCEPTS_MAX = 256, /* in one round of the loop */
  EVENTS_MAX = 1024,
  READ_BYTES_MAX = 64 * 1024,
  BATCH_BYTES_MAX = 8 << 20,
  RESULTS_BYTES_MAX = 1 << 20,
  HEADER_BYTES_MAX = 64,
};

struct member {
  int socket;
  int rank;
  int told_rank;
  int is_gone;
  int awaits_writable;
  char *input; /* an incomplete frame */
  size_t input_length, input_capacity;
  char *output; /* bytes that the socket has not accepted */
  size_t output_begin, output_end, output_capacity;
};

static int epoll;
static struct member **members; /* by rank */
static int member_count, member_capacity;
static int first_gone = INT_MAX; /* the smallest rank that left in this round */

/* Frames of one sender that are not yet sent to the members below it. */
static char batch[BATCH_BYTES_MAX + READ_BYTES_MAX + HEADER_BYTES_MAX];
static size_t batch_length;
static int batch_rank = -1;

static uint64_t last_seq;
static struct {
  struct member *sender; /* NULL: it has left */
  int awaited, come;
  char results[RESULTS_BYTES_MAX];
  size_t length;
} last_command;

/* ---- sending --------------------------------------------------------------------------------------------------------- */

static void await_writable(struct member *member, int awaits) {
  if (member->awaits_writable == awaits) return;
  member->awaits_writable = awaits;
  struct epoll_event event = {.events = EPOLLIN | (awaits ? EPOLLOUT : 0), .data.ptr = member};
  epoll_ctl(epoll, EPOLL_CTL_MOD, member->socket, &event);
}

static void keep_output(struct member *member, const char *bytes, size_t length) {
  if (member->output_end + length > member->output_capacity) {
    member->output_capacity = (member->output_end + length) * 2;
    member->output = realloc(member->output, member->output_capacity);
  }
  memcpy(member->output + member->output_end, bytes, length);
  member->output_end += length;
  await_writable(member, 1);
}

static void send_to(struct member *member, const char *bytes, size_t length) {
  ssize_t sent = 0;
  if (member->output_end == member->output_begin) {
    member->output_end = member->output_begin = 0;
    sent = send(member->socket, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN) return;
    if (sent < 0) sent = 0;
  }
  if ((size_t)sent < length) keep_output(member, bytes + sent, length - sent);
}

static void send_kept(struct member *member) {
  size_t length = member->output_end - member->output_begin;
  ssize_t sent = send(member->socket, member->output + member->output_begin, length, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent > 0) member->output_begin += sent;
  if (member->output_begin < member->output_end) return;
  member->output_begin = member->output_end = 0;
  await_writable(member, 0);
}

static void flush_batch(void) {
  if (!batch_length) return;
  for (int rank = batch_rank + 1; rank < member_count; rank++) {
    if (!members[rank]->is_gone) send_to(members[rank], batch, batch_length);
  }
  batch_length = 0;
  batch_rank = -1;
}

/* ---- joining and leaving --------------------------------------------------------------------------------------------- */

static void tell_rank(struct member *member) {
  char frame[HEADER_BYTES_MAX];
  member->told_rank = member->rank;
  send_to(member, frame, sprintf(frame, "RANK %d\r\n", member->rank));
}

static void admit(int socket) {
  int one = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  struct member *member = calloc(1, sizeof *member);
  member->socket = socket;
  member->rank = member_count;
  if (member_count == member_capacity) {
    member_capacity = member_capacity ? member_capacity * 2 : 1024;
    members = realloc(members, member_capacity * sizeof *members);
  }
  members[member_count++] = member;
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = member};
  epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event);
  tell_rank(member);
}

static void accept_some(int listener) {
  for (int i = 0; i < ACCEPTS_MAX; i++) {
    int socket = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    if (socket < 0) return;
    admit(socket);
  }
}

static void mark_gone(struct member *member) {
  if (member->is_gone) return;
  member->is_gone = 1;
  if (member->rank < first_gone) first_gone = member->rank;
}

static void forget(struct member *member) {
  close(member->socket);
  if (last_command.sender == member) last_command.sender = NULL;
  free(member->input);
  free(member->output);
  free(member);
}

/* Called once a round, so that each member receives only its last rank. */
static void close_ranks(void) {
  if (first_gone >= member_count) return;
  int from = first_gone, rank = first_gone;
  for (int i = from; i < member_count; i++) {
    if (members[i]->is_gone) {
      forget(members[i]);
      continue;
    }
    members[i]->rank = rank;
    members[rank++] = members[i];
  }
  member_count = rank;
  first_gone = INT_MAX;
  for (int i = from; i < member_count; i++) {
    if (members[i]->told_rank != i) tell_rank(members[i]);
  }
}

/* ---- frames ---------------------------------------------------------------------------------------------------------- */

/* `payload` is followed by \r\n, which is sent with it. */
static void take_command(struct member *member, const char *payload, size_t length) {
  int is_full = batch_length + length + HEADER_BYTES_MAX > BATCH_BYTES_MAX;
  if (batch_rank != member->rank || is_full) flush_batch();
  batch_rank = member->rank;
  unsigned long long seq = ++last_seq;
  batch_length += sprintf(batch + batch_length, "CMD %llu %d %zu\r\n", seq, member->rank, length);
  memcpy(batch + batch_length, payload, length + 2);
  batch_length += length + 2;
  last_command.sender = member;
  last_command.awaited = member_count - 1 - member->rank;
  last_command.come = 0;
  last_command.length = 0;
}

static void send_results(void) {
  char header[HEADER_BYTES_MAX];
  unsigned long long seq = last_seq;
  int header_length = sprintf(header, "DONE %llu %d %zu\r\n", seq, last_command.come, last_command.length);
  char *frame = malloc(header_length + last_command.length);
  memcpy(frame, header, header_length);
  memcpy(frame + header_length, last_command.results, last_command.length);
  send_to(last_command.sender, frame, header_length + last_command.length);
  free(frame);
}

static void take_result(struct member *member, uint64_t seq, const char *payload, size_t length) {
  if (seq != last_seq || !last_command.sender) return;
  if (last_command.length + length + HEADER_BYTES_MAX < RESULTS_BYTES_MAX) {
    char *end = last_command.results + last_command.length;
    int header_length = sprintf(end, "%d %zu\r\n", member->rank, length);
    memcpy(end + header_length, payload, length + 2);
    last_command.length += header_length + length + 2;
  }
  if (++last_command.come == last_command.awaited) send_results();
}

/* Handles every complete frame. Returns where the first incomplete one begins. */
static const char *take_frames(struct member *member, const char *start, const char *end) {
  for (const char *newline; (newline = memchr(start, '\n', end - start));) {
    const char *last_space = memrchr(start, ' ', newline - start);
    size_t length = last_space ? strtoul(last_space + 1, NULL, 10) : 0;
    if (length > READ_BYTES_MAX) {
      mark_gone(member);
      return end;
    }
    const char *payload = newline + 1;
    if (length + 2 > (size_t)(end - payload)) break;
    if (*start == 'C') take_command(member, payload, length);
    if (*start == 'R') take_result(member, strtoull(start + 4, NULL, 10), payload, length);
    start = payload + length + 2;
  }
  return start;
}

static void keep_input(struct member *member, const char *bytes, size_t length) {
  if (member->input_length + length > member->input_capacity) {
    member->input_capacity = (member->input_length + length) * 2;
    member->input = realloc(member->input, member->input_capacity);
  }
  memcpy(member->input + member->input_length, bytes, length);
  member->input_length += length;
}

static void read_from(struct member *member) {
  static char buffer[READ_BYTES_MAX];
  ssize_t length = recv(member->socket, buffer, sizeof buffer, MSG_DONTWAIT);
  if (length < 0 && errno == EAGAIN) return;
  if (length <= 0) {
    mark_gone(member);
    return;
  }
  if (!member->input_length) {
    const char *rest = take_frames(member, buffer, buffer + length);
    if (rest < buffer + length) keep_input(member, rest, buffer + length - rest);
    return;
  }
  keep_input(member, buffer, length);
  const char *end = member->input + member->input_length, *rest = take_frames(member, member->input, end);
  memmove(member->input, rest, end - rest);
  member->input_length = end - rest;
}

/* ---- main ------------------------------------------------------------------------------------------------------------ */

static int listen_on(int port) {
  int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, LISTEN_BACKLOG)) {
    perror("cannot listen");
    exit(1);
  }
  return listener;
}

static void take_event(struct epoll_event event) {
  struct member *member = event.data.ptr;
  if (member->is_gone) return;
  if (event.events & EPOLLOUT) send_kept(member);
  if (event.events & (EPOLLIN | EPOLLHUP | EPOLLERR)) read_from(member);
}

int main(int count, char **arguments) {
  if (count != 2) {
    fprintf(stderr, "usage: c-limit PORT\n");
    return 2;
  }
  struct rlimit files = {OPEN_FILES, OPEN_FILES};
  setrlimit(RLIMIT_NOFILE, &files);
  int listener = listen_on(atoi(arguments[1]));
  epoll = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL}, events[EVENTS_MAX];
  epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
  for (;;) {
    int found = epoll_wait(epoll, events, EVENTS_MAX, -1);
    for (int i = 0; i < found; i++) {
      if (events[i].data.ptr) take_event(events[i]);
      else accept_some(listener);
    }
    flush_batch();
    close_ranks();
  }
}
