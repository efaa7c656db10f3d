/*
 * The load generator: one thread with epoll and thousands of connections, so that the server limits the result.
 *
 *   gcc -O3 -march=native -o load-generator load-generator.c
 *   load-generator fan|trip|storm|churn|elect|kill --protocol rankd|nats|redis|mqtt|c-limit --port N [options]
 *
 *   fan    one or several senders send to all receivers. Measures deliveries for each second, and for each second of the
 *          server's CPU time. None may be lost.
 *   trip   one command at a time to all receivers. Measures the time until all results have arrived.
 *   storm  all connect at once. Measures the time until all are ready, the server's CPU time until a second later, its memory for each
 *          connection, and the frames that the members of rankd received.
 *   churn  the upper half closes at once. Measures the time until every other member has read its new rank.
 *   elect  rank 0 closes its connection. Measures the time until rank 1 has read that it is rank 0.
 *   kill   as elect, but rank 0 is a process that gets SIGKILL.
 *
 * Prints one line of JSON with numbers only. If there is no result, it prints the reason on standard error and exits with 1.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
  CARRY_BYTES_MAX = 1024,         /* of an incomplete line; of a longer one only the end is kept */
  READ_BYTES_MAX = 256 * 1024,    /* one recv */
  COMMAND_BYTES_MAX = 256,        /* a command without its payload */
  BLOCK_BYTES_MIN = 64 * 1024,    /* ready-made commands, so that a saturating sender needs few sends */
  EVENTS_MAX = 1024,              /* one epoll_wait */
  OPEN_FILES = 20000,
  SILENCE_S = 5,                  /* without a delivery: what is missing then is lost */
};

struct text {
  const char *bytes;
  size_t length;
};
#define TEXT(literal) {literal, sizeof(literal) - 1}
#define NO_TEXT {"", 0}

/* ---- protocols ------------------------------------------------------------------------------------------------------- */

/* What a connection sends first, and what the server answers when it has registered the connection. */
struct greeting {
  struct text hello;
  struct text ready;
};

/*
 * The same work in each protocol. A payload begins with '~', which no server writes by itself. So the number of '~' is the number
 * of deliveries. In a command, {payload}, {length}, {id} and {mqtt-length} are replaced.
 */
struct protocol {
  const char *name;
  struct greeting receiver;
  struct greeting fan_sender;
  struct text fan_command;
  struct greeting trip_receiver;
  struct greeting trip_sender;
  struct text trip_command;
  struct text trip_reply;
  struct text id_key;   /* the text before the id that a reply repeats; none: a reply has no id */
  struct text all_done; /* the server's message that all have answered; none: the sender gets each answer, with a '~' */
  struct text rank_key; /* the text before a member's rank; none: the server has no ranks */
};

#define NATS_CONNECT "CONNECT {\"verbose\":false,\"pedantic\":false}\r\n"
#define MQTT_CONNECT "\x10\x0c\0\4MQTT\4\2\0\0\0\0"
#define RANKD_GREETING {TEXT("{\"type\":\"hello\"}\n"), TEXT("\"rank\":")}
#define C_LIMIT_GREETING {NO_TEXT, TEXT("RANK ")}

static const struct protocol protocols[] = {
  {
    .name = "rankd",
    .receiver = RANKD_GREETING,
    .fan_sender = RANKD_GREETING,
    .fan_command = TEXT("{\"type\":\"command\",\"id\":\"{id}\",\"name\":\"x\",\"reply\":\"none\",\"args\":\"{payload}\"}\n"),
    .trip_receiver = RANKD_GREETING,
    .trip_sender = RANKD_GREETING,
    .trip_command = TEXT("{\"type\":\"command\",\"id\":\"{id}\",\"name\":\"x\",\"args\":\"{payload}\"}\n"),
    .trip_reply = TEXT("{\"type\":\"result\",\"seq\":{id},\"status\":\"done\"}\n"),
    .id_key = TEXT("\"seq\":"),
    .all_done = TEXT("\"type\":\"outcome\""),
    .rank_key = TEXT("\"rank\":"),
  },
  {
    .name = "nats",
    .receiver = {TEXT(NATS_CONNECT "SUB c 1\r\nPING\r\n"), TEXT("PONG")},
    .fan_sender = {TEXT(NATS_CONNECT "PING\r\n"), TEXT("PONG")},
    .fan_command = TEXT("PUB c {length}\r\n{payload}\r\n"),
    .trip_receiver = {TEXT(NATS_CONNECT "SUB c 1\r\nPING\r\n"), TEXT("PONG")},
    .trip_sender = {TEXT(NATS_CONNECT "SUB i 1\r\nPING\r\n"), TEXT("PONG")},
    .trip_command = TEXT("PUB c i {length}\r\n{payload}\r\n"),
    .trip_reply = TEXT("PUB i 8\r\n~okokoko\r\n"),
  },
  {
    .name = "redis",
    .receiver = {TEXT("SUBSCRIBE c\r\n"), TEXT("subscribe")},
    .fan_sender = {TEXT("PING\r\n"), TEXT("PONG")},
    .fan_command = TEXT("*3\r\n$7\r\nPUBLISH\r\n$1\r\nc\r\n${length}\r\n{payload}\r\n"),
    /* only in RESP 3 a subscriber may also publish */
    .trip_receiver = {TEXT("HELLO 3\r\nSUBSCRIBE c\r\n"), TEXT("subscribe")},
    .trip_sender = {TEXT("HELLO 3\r\nSUBSCRIBE i\r\n"), TEXT("subscribe")},
    .trip_command = TEXT("*3\r\n$7\r\nPUBLISH\r\n$1\r\nc\r\n${length}\r\n{payload}\r\n"),
    .trip_reply = TEXT("*3\r\n$7\r\nPUBLISH\r\n$1\r\ni\r\n$8\r\n~okokoko\r\n"),
  },
  {
    .name = "mqtt",
    .receiver = {TEXT(MQTT_CONNECT "\x82\6\0\1\0\1c\0"), TEXT("\x90\x03")},
    .fan_sender = {TEXT(MQTT_CONNECT "\x82\6\0\1\0\1i\0"), TEXT("\x90\x03")},
    .fan_command = TEXT("\x30{mqtt-length}\0\1c{payload}"),
    .trip_receiver = {TEXT(MQTT_CONNECT "\x82\6\0\1\0\1c\0"), TEXT("\x90\x03")},
    .trip_sender = {TEXT(MQTT_CONNECT "\x82\6\0\1\0\1i\0"), TEXT("\x90\x03")},
    .trip_command = TEXT("\x30{mqtt-length}\0\1c{payload}"),
    .trip_reply = TEXT("\x30\x0b\0\1i~okokoko"),
  },
  {
    .name = "c-limit",
    .receiver = C_LIMIT_GREETING,
    .fan_sender = C_LIMIT_GREETING,
    .fan_command = TEXT("CMD {id} {length}\r\n{payload}\r\n"),
    .trip_receiver = C_LIMIT_GREETING,
    .trip_sender = C_LIMIT_GREETING,
    .trip_command = TEXT("CMD {id} {length}\r\n{payload}\r\n"),
    .trip_reply = TEXT("RES {id} 8\r\nokokokok\r\n"),
    .id_key = TEXT("CMD "),
    .all_done = TEXT("DONE "),
    .rank_key = TEXT("RANK "),
  },
};

/* ---- options --------------------------------------------------------------------------------------------------------- */

static struct {
  const struct protocol *protocol;
  int port;
  int server_pid;     /* the process whose CPU time and memory are measured */
  int members;        /* the receivers of a fan or trip; otherwise all connections */
  int senders;
  int payload_bytes;
  int in_flight;      /* commands that not all receivers have received, over all senders */
  int rounds;         /* of trip, elect and kill */
  int connecting_max; /* at once, except in a storm */
  int sizes;          /* in a storm, members of rankd ask for the size of the group, as clients of rankd's library do */
  int discards;       /* the kernel discards the bytes of all receivers except the last */
  double warm_s;
  double measure_s;
  double settle_s;    /* the time before a storm's memory is read */
  double deadline_s;  /* of the whole run; then SIGALRM ends this process */
} options = {
  .members = 100,
  .senders = 1,
  .payload_bytes = 64,
  .in_flight = 512,
  .rounds = 400,
  .connecting_max = 200,
  .warm_s = 0.5,
  .measure_s = 1.5,
  .settle_s = 1,
  .deadline_s = 60,
};

static void fail(const char *format, ...) {
  va_list values;
  va_start(values, format);
  vfprintf(stderr, format, values);
  va_end(values);
  fputc('\n', stderr);
  exit(1);
}

/* ---- clocks and the server's CPU time -------------------------------------------------------------------------------- */

static double seconds_of(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return time.tv_sec + time.tv_nsec * 1e-9;
}

static double now_s(void) {
  return seconds_of(CLOCK_MONOTONIC);
}

static double thread_cpu_s(const char *tasks, const char *thread) {
  char path[512];
  snprintf(path, sizeof path, "%s/%s/schedstat", tasks, thread);
  FILE *file = fopen(path, "r");
  if (!file) return 0;
  unsigned long long on_cpu_ns = 0;
  if (fscanf(file, "%llu", &on_cpu_ns) != 1) on_cpu_ns = 0;
  fclose(file);
  return on_cpu_ns * 1e-9;
}

/* The CPU time of all threads of the server. Unlike wall time, it does not pass while other processes have the core. */
static double server_cpu_s(void) {
  char tasks[64];
  snprintf(tasks, sizeof tasks, "/proc/%d/task", options.server_pid);
  DIR *directory = opendir(tasks);
  if (!directory) return 0;
  double sum = 0;
  for (struct dirent *entry; (entry = readdir(directory));) {
    if (entry->d_name[0] != '.') sum += thread_cpu_s(tasks, entry->d_name);
  }
  closedir(directory);
  return sum;
}

static long server_rss_kib(void) {
  char path[64], line[256];
  snprintf(path, sizeof path, "/proc/%d/status", options.server_pid);
  FILE *file = fopen(path, "r");
  if (!file) return 0;
  long rss_kib = 0;
  while (fgets(line, sizeof line, file) && sscanf(line, "VmRSS: %ld", &rss_kib) != 1) continue;
  fclose(file);
  return rss_kib;
}

/* ---- commands -------------------------------------------------------------------------------------------------------- */

static char *put_mqtt_length(char *at, size_t length) {
  do {
    unsigned char digit = length % 128;
    length /= 128;
    *at++ = length ? digit | 128 : digit;
  } while (length);
  return at;
}

static int begins(struct text text, size_t at, const char *placeholder) {
  size_t length = strlen(placeholder);
  return text.length - at >= length && !memcmp(text.bytes + at, placeholder, length);
}

/* Writes `template` with its placeholders replaced. Returns the number of bytes. */
static size_t expand(char *out, struct text template, struct text payload, struct text id) {
  char *end = out;
  for (size_t at = 0; at < template.length;) {
    if (begins(template, at, "{payload}")) {
      end = mempcpy(end, payload.bytes, payload.length);
      at += strlen("{payload}");
    } else if (begins(template, at, "{length}")) {
      end += sprintf(end, "%zu", payload.length);
      at += strlen("{length}");
    } else if (begins(template, at, "{id}")) {
      end = mempcpy(end, id.bytes, id.length);
      at += strlen("{id}");
    } else if (begins(template, at, "{mqtt-length}")) {
      end = put_mqtt_length(end, payload.length + 3);
      at += strlen("{mqtt-length}");
    } else {
      *end++ = template.bytes[at++];
    }
  }
  return end - out;
}

static struct text create_payload(void) {
  char *bytes = malloc(options.payload_bytes);
  memset(bytes, 'x', options.payload_bytes);
  bytes[0] = '~';
  return (struct text){bytes, options.payload_bytes};
}

/* ---- connections ----------------------------------------------------------------------------------------------------- */

struct connection {
  int socket;
  int index;
  int is_up;    /* the TCP handshake is complete and hello is sent */
  int is_ready; /* the server has registered it */
  int carry_length;
  char carry[CARRY_BYTES_MAX];
  uint64_t bytes;
  uint64_t deliveries;
  uint64_t frames; /* without heartbeats */
  long rank;       /* as the server last sent it; -1: not yet */
  long rank_before;
};

static int epoll;
static struct connection *connections;
static int connection_count;
static char *read_buffer; /* with room before it for an incomplete line */

/* Called when a member has received a rank, with its rank before. */
static void (*on_rank)(struct connection *connection, long was);

static void watch(struct connection *connection, int operation, uint32_t events) {
  struct epoll_event event = {.events = events, .data.ptr = connection};
  epoll_ctl(epoll, operation, connection->socket, &event);
}

static void create_connections(int count) {
  connection_count = count;
  connections = calloc(count, sizeof *connections);
  for (int i = 0; i < count; i++) connections[i].index = i;
}

static void send_whole(struct connection *connection, const char *bytes, size_t length) {
  ssize_t sent = send(connection->socket, bytes, length, MSG_NOSIGNAL);
  if (sent != (ssize_t)length) fail("cannot send: %s", sent < 0 ? strerror(errno) : "the socket is full");
}

static void begin_connecting(struct connection *connection) {
  int index = connection->index, one = 1;
  *connection = (struct connection){.index = index, .rank = -1};
  connection->socket = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (connection->socket < 0) fail("no socket: %s", strerror(errno));
  setsockopt(connection->socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(options.port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int result = connect(connection->socket, (struct sockaddr *)&address, sizeof address);
  if (result < 0 && errno != EINPROGRESS) fail("cannot connect: %s", strerror(errno));
  watch(connection, EPOLL_CTL_ADD, EPOLLIN | EPOLLOUT);
}

static void finish_connecting(struct connection *connection, struct text hello) {
  int error = 0;
  socklen_t length = sizeof error;
  getsockopt(connection->socket, SOL_SOCKET, SO_ERROR, &error, &length);
  if (error) fail("cannot connect: %s", strerror(error));
  connection->is_up = 1;
  watch(connection, EPOLL_CTL_MOD, EPOLLIN);
  if (hello.length) send_whole(connection, hello.bytes, hello.length);
}

static int survives_losses; /* lost connections are counted; otherwise the first one ends the run */
static int lost_before_ready;

static void lose(struct connection *connection) {
  close(connection->socket);
  connection->rank = -1;
  if (!connection->is_ready) lost_before_ready++;
}

/* Reads once into the buffer. Returns 0 if there is nothing to read. */
static size_t receive(struct connection *connection, char *buffer, int flags) {
  ssize_t length = recv(connection->socket, buffer, READ_BYTES_MAX, MSG_DONTWAIT | flags);
  if (length > 0) connection->bytes += length;
  if (length > 0) return length;
  if (length < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
  if (survives_losses) {
    lose(connection);
    return 0;
  }
  const char *how = length < 0 ? strerror(errno) : "the server closed it";
  fail("connection %d: %s; its last bytes: %.*s", connection->index, how, connection->carry_length, connection->carry);
  return 0;
}

/* ---- reading lines --------------------------------------------------------------------------------------------------- */

static const char *find(const char *line, size_t length, struct text text) {
  return text.length ? memmem(line, length, text.bytes, text.length) : NULL;
}

static void answer_ping(struct connection *connection, const char *line, size_t length) {
  const struct text key = TEXT("\"n\":");
  const char *n = find(line, length, key);
  char pong[64];
  if (n) send_whole(connection, pong, sprintf(pong, "{\"type\":\"pong\",\"n\":%ld}\n", strtol(n + key.length, NULL, 10)));
}

/* Handles a frame of any member: answers a heartbeat and records the rank. */
static void take_frame(struct connection *connection, const char *line, size_t length) {
  static const struct text ping = TEXT("\"type\":\"ping\""), bye = TEXT("\"type\":\"bye\"");
  const struct text key = options.protocol->rank_key;
  if (find(line, length, ping)) {
    answer_ping(connection, line, length);
    return;
  }
  if (find(line, length, bye) && !survives_losses) fail("connection %d received %.*s", connection->index, (int)length, line);
  connection->frames++;
  const char *rank = find(line, length, key);
  if (!rank) return;
  long was = connection->rank;
  connection->rank = strtol(rank + key.length, NULL, 10);
  if (on_rank) on_rank(connection, was);
}

typedef void line_taker(struct connection *connection, const char *line, size_t length);

/*
 * Passes every complete line to `take`: from the bytes that were kept, and from `length` bytes in the read buffer. Keeps an
 * incomplete line for the next call.
 */
static void take_lines(struct connection *connection, size_t length, line_taker *take) {
  char *start = read_buffer - connection->carry_length, *end = read_buffer + length, *newline;
  memcpy(start, connection->carry, connection->carry_length);
  while ((newline = memchr(start, '\n', end - start))) {
    take(connection, start, newline - start);
    start = newline + 1;
  }
  if (end - start > CARRY_BYTES_MAX) start = end - CARRY_BYTES_MAX;
  connection->carry_length = end - start;
  memcpy(connection->carry, start, end - start);
}

static void read_lines(struct connection *connection, line_taker *take) {
  for (size_t length = READ_BYTES_MAX; length == READ_BYTES_MAX;) {
    length = receive(connection, read_buffer, 0);
    if (length) take_lines(connection, length, take);
  }
}

/* Reads from every connection that has bytes. Waits at most `patience_ms` for the first. Returns the number of connections. */
static int read_all(int patience_ms) {
  struct epoll_event events[EVENTS_MAX];
  int count = epoll_wait(epoll, events, EVENTS_MAX, patience_ms);
  for (int i = 0; i < count; i++) read_lines(events[i].data.ptr, take_frame);
  return count;
}

/* ---- joining --------------------------------------------------------------------------------------------------------- */

/* Reads a connection. Returns whether the server has registered it. */
static int read_greeting(struct connection *connection, struct text ready) {
  size_t length = receive(connection, read_buffer, 0);
  char *start = read_buffer - connection->carry_length, *end = read_buffer + length;
  memcpy(start, connection->carry, connection->carry_length);
  if (find(start, end - start, ready)) {
    connection->is_ready = 1;
    /* a change of its rank may have arrived with it */
    take_lines(connection, length, take_frame);
    return 1;
  }
  if (end - start > CARRY_BYTES_MAX) start = end - CARRY_BYTES_MAX;
  connection->carry_length = end - start;
  memmove(connection->carry, start, end - start);
  return 0;
}

/* Connects `count` of them in order, at most `at_once` at a time. Waits until the server has registered all. */
static void join_all(struct connection *first, int count, struct greeting greeting, int at_once) {
  struct epoll_event events[EVENTS_MAX];
  int started = 0, ready = 0;
  while (ready + lost_before_ready < count) {
    while (started < count && started - ready < at_once) begin_connecting(&first[started++]);
    int found = epoll_wait(epoll, events, EVENTS_MAX, 100);
    for (int i = 0; i < found; i++) {
      struct connection *connection = events[i].data.ptr;
      if (!connection->is_up) finish_connecting(connection, greeting.hello);
      if (!(events[i].events & EPOLLIN)) continue;
      if (connection->is_ready) read_lines(connection, take_frame);
      else ready += read_greeting(connection, greeting.ready);
    }
  }
}

/* Waits until the server has finished the work of the joins, and reads the frames that still arrive. */
static void settle(double seconds) {
  double until_s = now_s() + seconds;
  for (double left_s = seconds; left_s > 0; left_s = until_s - now_s()) read_all(left_s * 1000 + 1);
}

static int compare_doubles(const void *one, const void *other) {
  double a = *(const double *)one, b = *(const double *)other;
  return (a > b) - (a < b);
}

/* The values must be sorted. */
static double quantile(const double *values, int count, double share) {
  int at = count * share;
  return values[at < count ? at : count - 1];
}

/* ---- fan ------------------------------------------------------------------------------------------------------------- */

struct sender {
  uint64_t bytes; /* sent */
  int is_blocked; /* the socket is full */
};

/* All counters at one moment. */
struct reading {
  double at_s;
  double server_cpu_s;
  double loader_cpu_s;
  uint64_t deliveries;
  uint64_t receiver_bytes;
};

static struct {
  struct sender *senders;
  char *block; /* the same command many times */
  size_t command_length;
  size_t block_length;
  uint64_t deliveries;
  double last_delivery_at_s;
  double phase_end_s;
  uint64_t phase_end_deliveries;
} fan;

static struct connection *receivers(void) {
  return connections + options.senders;
}

static void prepare_fan(void) {
  const struct protocol *protocol = options.protocol;
  create_connections(options.senders + options.members);
  join_all(connections, options.senders, protocol->fan_sender, 1);
  join_all(receivers(), options.members, protocol->receiver, options.connecting_max);
  settle(0.2);
  char *command = malloc(options.payload_bytes + COMMAND_BYTES_MAX);
  fan.command_length = expand(command, protocol->fan_command, create_payload(), (struct text)TEXT("12345678"));
  size_t copies = options.in_flight + 1;
  if (copies * fan.command_length < BLOCK_BYTES_MIN) copies = BLOCK_BYTES_MIN / fan.command_length + 2;
  fan.block_length = copies * fan.command_length;
  fan.block = malloc(fan.block_length);
  for (size_t i = 0; i < copies; i++) memcpy(fan.block + i * fan.command_length, command, fan.command_length);
  fan.senders = calloc(options.senders, sizeof *fan.senders);
  for (int i = 0; i < options.members; i++) receivers()[i].bytes = 0;
}

static struct reading read_accounts(void) {
  struct reading reading = {
    .server_cpu_s = server_cpu_s(),
    .loader_cpu_s = seconds_of(CLOCK_PROCESS_CPUTIME_ID),
    .deliveries = fan.deliveries,
  };
  for (int i = 0; i < options.members; i++) reading.receiver_bytes += receivers()[i].bytes;
  reading.at_s = now_s();
  return reading;
}

static void send_from_block(int index, size_t length) {
  struct sender *sender = &fan.senders[index];
  size_t offset = sender->bytes % fan.block_length;
  if (length > fan.block_length - offset) length = fan.block_length - offset;
  ssize_t sent = send(connections[index].socket, fan.block + offset, length, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent > 0) sender->bytes += sent;
  if (sent == (ssize_t)length) return;
  sender->is_blocked = 1;
  watch(&connections[index], EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
}

/* Each sender has its share in flight. It sends an eighth of that at once, so that this program makes few sends. */
static void send_what_may_be_in_flight(void) {
  uint64_t allowed = fan.deliveries / options.members + options.in_flight;
  int few = options.in_flight / options.senders / 8;
  for (int i = 0; i < options.senders; i++) {
    uint64_t share = allowed / options.senders + ((uint64_t)i < allowed % options.senders);
    uint64_t until = share * fan.command_length, sent = fan.senders[i].bytes;
    if (fan.senders[i].is_blocked || until <= sent) continue;
    if (until - sent >= (few > 1 ? few : 1) * fan.command_length) send_from_block(i, until - sent);
  }
}

/* Returns whether no command is in flight. */
static int finish_sending(void) {
  uint64_t commands = 0;
  int is_whole = 1;
  for (int i = 0; i < options.senders; i++) {
    size_t begun = fan.senders[i].bytes % fan.command_length;
    if (begun && !fan.senders[i].is_blocked) send_from_block(i, fan.command_length - begun);
    if (fan.senders[i].bytes % fan.command_length) is_whole = 0;
    commands += fan.senders[i].bytes / fan.command_length;
  }
  return is_whole && fan.deliveries >= commands * options.members;
}

static uint64_t count_marks(const char *bytes, size_t length) {
  uint64_t count = 0;
  while (length) {
    /* The compiler vectorizes sums of bytes. They are short enough not to overflow a byte. */
    size_t part = length > 8160 ? 8160 : length, at = 0;
    unsigned char sums[32] = {0};
    for (; at + 32 <= part; at += 32) {
      for (int lane = 0; lane < 32; lane++) sums[lane] += bytes[at + lane] == '~';
    }
    for (int lane = 0; lane < 32; lane++) count += sums[lane];
    for (; at < part; at++) count += bytes[at] == '~';
    bytes += part;
    length -= part;
  }
  return count;
}

/* Reads everything that has arrived. Returns the number of deliveries in it. */
static uint64_t read_marks(struct connection *connection) {
  uint64_t count = 0;
  for (size_t length = READ_BYTES_MAX; length == READ_BYTES_MAX;) {
    length = receive(connection, read_buffer, 0);
    count += count_marks(read_buffer, length);
  }
  return count;
}

static void discard_all(struct connection *connection) {
  while (receive(connection, read_buffer, MSG_TRUNC) == READ_BYTES_MAX) continue;
}

static void receive_fan(struct connection *connection, uint32_t events) {
  int is_last = connection->index == connection_count - 1;
  if (connection->index < options.senders) {
    if (events & EPOLLOUT) {
      fan.senders[connection->index].is_blocked = 0;
      watch(connection, EPOLL_CTL_MOD, EPOLLIN);
    }
    if (events & ~EPOLLOUT) discard_all(connection);
    return;
  }
  if (options.discards && !is_last) {
    discard_all(connection);
    return;
  }
  uint64_t count = read_marks(connection);
  connection->deliveries += count;
  fan.deliveries += options.discards ? count * options.members : count;
  if (count) fan.last_delivery_at_s = now_s();
}

static int phase_is_over(void) {
  send_what_may_be_in_flight();
  return now_s() >= fan.phase_end_s && fan.deliveries >= fan.phase_end_deliveries;
}

/* Continues until `is_over` returns true, at most `seconds_max`. `is_over` also sends the next commands. */
static void run_fan(double seconds_max, int (*is_over)(void)) {
  struct epoll_event events[EVENTS_MAX];
  for (double end_s = now_s() + seconds_max; now_s() < end_s && !is_over();) {
    int count = epoll_wait(epoll, events, EVENTS_MAX, 20);
    for (int i = 0; i < count; i++) receive_fan(events[i].data.ptr, events[i].events);
  }
}

/*
 * Sends for `seconds`, and until the commands that may be in flight have been delivered `turns` times. So a server that takes long
 * for one batch is not measured by a part of that batch.
 */
static struct reading keep_sending(double seconds, int turns) {
  fan.phase_end_s = now_s() + seconds;
  fan.phase_end_deliveries = fan.deliveries + (uint64_t)turns * options.in_flight * options.members;
  run_fan(seconds * 8, phase_is_over);
  return read_accounts();
}

static int all_delivered_or_lost(void) {
  return finish_sending() || now_s() - fan.last_delivery_at_s > SILENCE_S;
}

static void print_fan(struct reading from, struct reading to) {
  uint64_t commands = 0;
  for (int i = 0; i < options.senders; i++) commands += fan.senders[i].bytes / fan.command_length;
  double seconds = to.at_s - from.at_s, server_cpu = to.server_cpu_s - from.server_cpu_s;
  double deliveries = to.deliveries - from.deliveries;
  struct connection *last = &connections[connection_count - 1];
  /* if the kernel discards, only the bytes were counted for every receiver */
  if (options.discards && last->deliveries) {
    deliveries = (to.receiver_bytes - from.receiver_bytes) / ((double)last->bytes / last->deliveries);
  }
  printf("{\"deliveriesPerSecond\":%.0f,\"deliveriesPerCoreSecond\":%.0f,\"serverCpuShare\":%.3f,\"loaderCpuShare\":%.3f,"
         "\"lost\":%lld}\n",
         deliveries / seconds, server_cpu > 0 ? deliveries / server_cpu : 0, server_cpu / seconds,
         (to.loader_cpu_s - from.loader_cpu_s) / seconds,
         (long long)(commands * options.members - fan.deliveries));
}

static void measure_fan(void) {
  prepare_fan();
  struct reading from = keep_sending(options.warm_s, 1);
  struct reading to = keep_sending(options.measure_s, 3);
  fan.last_delivery_at_s = now_s();
  run_fan(options.deadline_s, all_delivered_or_lost);
  print_fan(from, to);
}

/* ---- trip ------------------------------------------------------------------------------------------------------------ */

static int answers_awaited;
static struct text plain_reply; /* if a reply has no id of a command */

static void take_trip_line(struct connection *connection, const char *line, size_t length) {
  const struct protocol *protocol = options.protocol;
  if (connection->index == 0) {
    if (find(line, length, protocol->all_done)) answers_awaited--;
    else take_frame(connection, line, length);
    return;
  }
  const char *id = find(line, length, protocol->id_key);
  if (!id) {
    take_frame(connection, line, length);
    return;
  }
  id += protocol->id_key.length;
  size_t id_length = 0;
  while (id + id_length < line + length && id[id_length] >= '0' && id[id_length] <= '9') id_length++;
  char reply[COMMAND_BYTES_MAX];
  struct text nothing = NO_TEXT;
  send_whole(connection, reply, expand(reply, protocol->trip_reply, nothing, (struct text){id, id_length}));
}

static void receive_trip(struct connection *connection) {
  if (options.protocol->id_key.length) {
    read_lines(connection, take_trip_line);
    return;
  }
  uint64_t marks = read_marks(connection);
  if (connection->index == 0) answers_awaited -= marks;
  else while (marks--) send_whole(connection, plain_reply.bytes, plain_reply.length);
}

static double one_trip_s(int number, struct text payload) {
  static char *command;
  if (!command) command = malloc(options.payload_bytes + COMMAND_BYTES_MAX);
  char id[16];
  struct text id_text = {id, sprintf(id, "%d", number)};
  size_t length = expand(command, options.protocol->trip_command, payload, id_text);
  answers_awaited = options.protocol->all_done.length ? 1 : options.members;
  double from_s = now_s();
  send_whole(&connections[0], command, length);
  struct epoll_event events[EVENTS_MAX];
  while (answers_awaited > 0) {
    int count = epoll_wait(epoll, events, EVENTS_MAX, 1000);
    if (!count && now_s() - from_s > 5) fail("%d answers are missing after 5 s", answers_awaited);
    for (int i = 0; i < count; i++) receive_trip(events[i].data.ptr);
  }
  return now_s() - from_s;
}

static void measure_trip(void) {
  create_connections(options.members + 1);
  join_all(connections, 1, options.protocol->trip_sender, 1);
  join_all(connections + 1, options.members, options.protocol->trip_receiver, options.connecting_max);
  settle(0.2);
  struct text payload = create_payload(), none = NO_TEXT;
  char reply[COMMAND_BYTES_MAX];
  plain_reply = (struct text){reply, expand(reply, options.protocol->trip_reply, none, none)};
  int number = 1;
  for (double until_s = now_s() + options.warm_s; now_s() < until_s;) one_trip_s(number++, payload);
  double *times = calloc(options.rounds, sizeof *times), cpu_s = server_cpu_s();
  for (int i = 0; i < options.rounds; i++) times[i] = one_trip_s(number++, payload);
  cpu_s = server_cpu_s() - cpu_s;
  qsort(times, options.rounds, sizeof *times, compare_doubles);
  printf("{\"rounds\":%d,\"p50Us\":%.1f,\"p90Us\":%.1f,\"p99Us\":%.1f,\"serverCpuUs\":%.1f}\n", options.rounds,
         quantile(times, options.rounds, 0.5) * 1e6, quantile(times, options.rounds, 0.9) * 1e6,
         quantile(times, options.rounds, 0.99) * 1e6, cpu_s * 1e6 / options.rounds);
}

/* ---- storm ----------------------------------------------------------------------------------------------------------- */

/* Returns how many connections have no valid rank: none yet, one past the group, or that of another connection. */
static int count_bad_ranks(void) {
  char *is_taken = calloc(connection_count, 1);
  int bad = 0;
  for (int i = 0; i < connection_count; i++) {
    long rank = connections[i].rank;
    if (rank < 0 || rank >= connection_count || is_taken[rank]) bad++;
    else is_taken[rank] = 1;
  }
  free(is_taken);
  return bad;
}

static struct greeting storm_greeting(void) {
  static const struct text with_sizes = TEXT("{\"type\":\"hello\",\"updates\":\"size\"}\n");
  struct greeting greeting = options.protocol->receiver;
  if (options.sizes) greeting.hello = with_sizes;
  return greeting;
}

/* The frames and bytes that the members have received since they connected: their welcomes, and views of later joins. */
static void print_received(void) {
  double frames = 0, bytes = 0;
  for (int i = 0; i < connection_count; i++) {
    frames += connections[i].frames;
    bytes += connections[i].bytes;
  }
  printf(",\"framesPerMember\":%.2f,\"bytesPerMember\":%.0f", frames / connection_count, bytes / connection_count);
}

static void measure_storm(void) {
  create_connections(options.members);
  long rss_kib = server_rss_kib();
  survives_losses = 1;
  double from_s = now_s(), cpu_s = server_cpu_s();
  join_all(connections, options.members, storm_greeting(), options.members);
  double all_s = now_s() - from_s;
  settle(options.settle_s);
  /* after the joins, the members receive the last size */
  cpu_s = server_cpu_s() - cpu_s;
  int lost = options.protocol->rank_key.length ? count_bad_ranks() : lost_before_ready;
  printf("{\"allReadyS\":%.3f,\"serverCpuS\":%.3f,\"lost\":%d,\"rssKibPerMember\":%.3f", all_s, cpu_s, lost,
         (server_rss_kib() - rss_kib) / (double)options.members);
  if (options.protocol->rank_key.length) print_received();
  printf("}\n");
}

/* ---- churn ----------------------------------------------------------------------------------------------------------- */

static int settled_count;

static void count_settled(struct connection *connection, long was) {
  long wanted = connection->rank_before - connection_count / 2;
  settled_count += (connection->rank == wanted) - (was == wanted);
}

static void measure_churn(void) {
  create_connections(options.members);
  join_all(connections, connection_count, options.protocol->receiver, options.connecting_max);
  settle(0.5);
  if (count_bad_ranks()) fail("two members have the same rank, or a member has none");
  struct connection **by_rank = calloc(connection_count, sizeof *by_rank);
  for (int i = 0; i < connection_count; i++) {
    connections[i].rank_before = connections[i].rank;
    connections[i].frames = 0;
    by_rank[connections[i].rank] = &connections[i];
  }
  int killed = connection_count / 2, survivors = connection_count - killed;
  on_rank = count_settled;
  double from_s = now_s(), cpu_s = server_cpu_s();
  for (int rank = 0; rank < killed; rank++) close(by_rank[rank]->socket);
  while (settled_count < survivors) read_all(100);
  double settled_s = now_s() - from_s;
  cpu_s = server_cpu_s() - cpu_s;
  uint64_t frames = 0;
  for (int rank = killed; rank < connection_count; rank++) frames += by_rank[rank]->frames;
  printf("{\"settledMs\":%.2f,\"framesPerSurvivor\":%.3f,\"serverCpuMs\":%.2f}\n", settled_s * 1e3,
         frames / (double)survivors, cpu_s * 1e3);
}

/* ---- elect and kill -------------------------------------------------------------------------------------------------- */

static struct connection *heir;
static double heir_told_at_s; /* 0: not yet */
static int told_count;

static void note_heir(struct connection *connection, long was) {
  (void)was;
  told_count++;
  if (connection == heir && connection->rank == 0 && heir_told_at_s == 0) heir_told_at_s = now_s();
}

static void await_heir(double from_s) {
  while (heir_told_at_s == 0) {
    read_all(1000);
    if (now_s() - from_s > 5) fail("no member received rank 0 within 5 s");
  }
}

static double one_election_s(int leader) {
  heir = &connections[(leader + 1) % connection_count];
  heir_told_at_s = told_count = 0;
  double from_s = now_s();
  close(connections[leader].socket);
  await_heir(from_s);
  /* the promotions of all members belong to this round, not to the next */
  while (told_count < connection_count - 1 && now_s() - from_s < 5) read_all(10);
  return heir_told_at_s - from_s;
}

static void print_election(double *times, int rounds) {
  qsort(times, rounds, sizeof *times, compare_doubles);
  printf("{\"rounds\":%d,\"p50Us\":%.1f,\"p90Us\":%.1f,\"p99Us\":%.1f}\n", rounds, quantile(times, rounds, 0.5) * 1e6,
         quantile(times, rounds, 0.9) * 1e6, quantile(times, rounds, 0.99) * 1e6);
}

/* A tenth of the rounds warms the server up. It makes fewer rounds if half of the deadline has passed, because the server is slow. */
static void measure_election(void) {
  double begun_s = now_s();
  create_connections(options.members);
  join_all(connections, connection_count, options.protocol->receiver, 1);
  settle(0.2);
  double *times = calloc(options.rounds, sizeof *times);
  on_rank = note_heir;
  int warm_rounds = options.rounds / 10, measured = 0;
  for (int i = 0; measured < options.rounds; i++) {
    int leader = i % connection_count;
    double seconds = one_election_s(leader);
    if (i >= warm_rounds) times[measured++] = seconds;
    if (measured && now_s() - begun_s > options.deadline_s / 2) break;
    join_all(&connections[leader], 1, options.protocol->receiver, 1);
    settle(0.002);
  }
  print_election(times, measured);
}

/* The child process: joins, signals its parent, and reads everything until it is killed. */
static void hold_rank_0(int told_parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  epoll = epoll_create1(0);
  create_connections(1);
  join_all(connections, 1, options.protocol->receiver, 1);
  while (connections[0].rank < 0) read_all(-1);
  if (connections[0].rank != 0 || write(told_parent, "0", 1) != 1) exit(1);
  for (;;) read_all(-1);
}

static double one_kill_s(void) {
  int pipe_ends[2];
  char told;
  if (pipe(pipe_ends)) fail("no pipe: %s", strerror(errno));
  pid_t holder = fork();
  if (holder < 0) fail("cannot fork: %s", strerror(errno));
  if (holder == 0) hold_rank_0(pipe_ends[1]);
  close(pipe_ends[1]);
  if (read(pipe_ends[0], &told, 1) != 1) fail("the holder did not receive rank 0");
  close(pipe_ends[0]);
  join_all(connections, 1, options.protocol->receiver, 1);
  settle(0.002);
  heir = connections;
  heir_told_at_s = 0;
  double from_s = now_s();
  kill(holder, SIGKILL);
  await_heir(from_s);
  waitpid(holder, NULL, 0);
  close(connections[0].socket);
  usleep(20000);
  return heir_told_at_s - from_s;
}

static void measure_kill(void) {
  create_connections(1);
  on_rank = note_heir;
  double *times = calloc(options.rounds, sizeof *times);
  for (int i = -2; i < options.rounds; i++) {
    double seconds = one_kill_s();
    if (i >= 0) times[i] = seconds;
  }
  print_election(times, options.rounds);
}

/* ---- main ------------------------------------------------------------------------------------------------------------ */

static const struct protocol *protocol_named(const char *name) {
  for (size_t i = 0; i < sizeof protocols / sizeof *protocols; i++) {
    if (!strcmp(protocols[i].name, name)) return &protocols[i];
  }
  fail("no such protocol: %s", name);
  return NULL;
}

static void read_option(const char *name, const char *value) {
  struct {
    const char *name;
    int *whole;
    double *real;
  } known[] = {
    {"--port", &options.port, NULL},
    {"--server-pid", &options.server_pid, NULL},
    {"--members", &options.members, NULL},
    {"--senders", &options.senders, NULL},
    {"--payload-bytes", &options.payload_bytes, NULL},
    {"--in-flight", &options.in_flight, NULL},
    {"--rounds", &options.rounds, NULL},
    {"--connecting-max", &options.connecting_max, NULL},
    {"--discards", &options.discards, NULL},
    {"--sizes", &options.sizes, NULL},
    {"--warm-s", NULL, &options.warm_s},
    {"--measure-s", NULL, &options.measure_s},
    {"--settle-s", NULL, &options.settle_s},
    {"--deadline-s", NULL, &options.deadline_s},
  };
  if (!strcmp(name, "--protocol")) {
    options.protocol = protocol_named(value);
    return;
  }
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    if (strcmp(known[i].name, name)) continue;
    if (known[i].whole) *known[i].whole = atoi(value);
    else *known[i].real = atof(value);
    return;
  }
  fail("no such option: %s", name);
}

static void prepare_process(void) {
  struct rlimit files = {OPEN_FILES, OPEN_FILES};
  if (setrlimit(RLIMIT_NOFILE, &files)) getrlimit(RLIMIT_NOFILE, &files);
  if (options.members + options.senders + 16 > (long)files.rlim_cur) fail("ulimit -n is only %ld", (long)files.rlim_cur);
  epoll = epoll_create1(0);
  read_buffer = (char *)malloc(CARRY_BYTES_MAX + READ_BYTES_MAX) + CARRY_BYTES_MAX;
  alarm(options.deadline_s + 1);
}

int main(int count, char **arguments) {
  static const struct {
    const char *name;
    void (*measure)(void);
  } modes[] = {
    {"fan", measure_fan},     {"trip", measure_trip},      {"storm", measure_storm},
    {"churn", measure_churn}, {"elect", measure_election}, {"kill", measure_kill},
  };
  for (int i = 2; i + 1 < count; i += 2) read_option(arguments[i], arguments[i + 1]);
  if (!options.protocol || !options.port) fail("usage: load-generator MODE --protocol NAME --port N [options]");
  prepare_process();
  for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
    if (strcmp(modes[i].name, arguments[1])) continue;
    modes[i].measure();
    return 0;
  }
  fail("no such mode: %s", arguments[1]);
}
