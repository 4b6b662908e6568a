// The supervisor: a program of one thread between us and a child (see process.h).
//
//   argv: program kSuperviseVerb LIFELINE_FD STATUS_FD GRACE_MS CWD|- -- PATH ARGS...
//
// Written to the status pipe are `SupervisorReport`s: its pid by the child before it runs anything,
// then its wait status by us.
// The end of that pipe is the end of the supervisor, and so of everything below it.
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "async/process.h"
#include "async/supervisor_report.h"

namespace mcpo::async {
namespace {

using std::chrono::steady_clock;

struct Order {
  int lifeline = -1;
  int status = -1;
  Millis grace{0};
  const char* cwd = nullptr;  // null: stay
  char** command = nullptr;   // argv of the child, null-terminated; [0] is its path
};

bool parse_number(const char* text, int& value) {
  const char* end = text + std::strlen(text);
  auto [rest, error] = std::from_chars(text, end, value);
  return error == std::errc() && rest == end && value >= 0;
}

std::optional<Order> parse_order(int argc, char** argv) {
  Order order;
  int grace_ms = 0;
  if (argc < 8 || std::string_view(argv[6]) != "--") return std::nullopt;
  if (!parse_number(argv[2], order.lifeline) || !parse_number(argv[3], order.status) ||
      !parse_number(argv[4], grace_ms)) {
    return std::nullopt;
  }
  order.grace = Millis(grace_ms);
  if (std::string_view(argv[5]) != "-") order.cwd = argv[5];
  order.command = argv + 7;
  return order;
}

// Sockets and files of the parent that were not opened with CLOEXEC.
void close_all_but(int a, int b) {
  const auto low = static_cast<unsigned>(std::min(a, b));
  const auto high = static_cast<unsigned>(std::max(a, b));
  if (low > 3) close_range(3, low - 1, 0);
  if (high > low + 1) close_range(low + 1, high - 1, 0);
  close_range(high + 1, ~0U, 0);
  fcntl(a, F_SETFD, FD_CLOEXEC);
  fcntl(b, F_SETFD, FD_CLOEXEC);
}

void write_report(int fd, SupervisorReport report) {
  // Smaller than PIPE_BUF, so whole or not at all; nobody reads when the parent is gone.
  while (write(fd, &report, sizeof report) < 0 && errno == EINTR) {
  }
}

[[noreturn]] void become_child(const Order& order, pid_t supervisor) {
  for (int signal = 1; signal < NSIG; ++signal) std::signal(signal, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);  // what was sent since the fork arrives now
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != supervisor) _exit(126);  // it died before we asked to be told
  // By the child itself: whoever kills the supervisor must know the group before it can grow.
  write_report(order.status, {SupervisorReport::Kind::started, getpid()});
  if (order.cwd && chdir(order.cwd) != 0) {
    dprintf(2, "cannot enter %s: %s\n", order.cwd, std::strerror(errno));
    _exit(126);
  }
  execv(order.command[0], order.command);
  if (errno == ENOEXEC) {  // a script without "#!", which execvp and every shell would run
    std::vector<char*> shell{const_cast<char*>("/bin/sh")};
    for (char** word = order.command; *word; ++word) shell.push_back(*word);
    shell.push_back(nullptr);
    execv(shell[0], shell.data());
  }
  dprintf(2, "cannot run %s: %s\n", order.command[0], std::strerror(errno));
  _exit(errno == ENOENT ? 127 : 126);
}

// The parent of a process, 0 when it is gone. Its name, in parentheses, may hold anything.
pid_t parent_of(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/stat";
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  char text[512];
  const ssize_t size = read(fd, text, sizeof text - 1);
  close(fd);
  if (size <= 0) return 0;
  text[size] = '\0';
  const char* name_end = std::strrchr(text, ')');
  int parent = 0;
  if (!name_end || std::sscanf(name_end, ") %*c %d", &parent) != 1) return 0;
  return parent;
}

// All processes below `root`. Orphans among them hang on `root` itself, the subreaper.
std::vector<pid_t> descendants(pid_t root) {
  std::unordered_map<pid_t, std::vector<pid_t>> children;
  DIR* proc = opendir("/proc");
  if (!proc) return {};
  while (const dirent* entry = readdir(proc)) {
    int pid = 0;
    if (!parse_number(entry->d_name, pid)) continue;
    if (const pid_t parent = parent_of(pid)) children[parent].push_back(pid);
  }
  closedir(proc);
  std::vector<pid_t> found{root};
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto below = children.find(found[i]);
    if (below == children.end()) continue;
    const std::vector<pid_t>& pids = below->second;
    found.insert(found.end(), pids.begin(), pids.end());
  }
  found.erase(found.begin());
  return found;
}

class Supervisor {
 public:
  Supervisor(const Order& order, pid_t child, int signals)
      : order_(order), child_(child), signals_(signals) {}

  void run() {
    while (reap()) {
      pollfd fds[] = {{signals_, POLLIN, 0}, {ending_ ? -1 : order_.lifeline, POLLIN, 0}};
      poll(fds, 2, wait_ms());
      drain_signals();
      if (fds[1].revents != 0) begin_ending();
      if (ending_ && steady_clock::now() >= next_kill_) kill_all();
    }
  }

 private:
  // False when no process is left below us.
  bool reap() {
    while (true) {
      int status = 0;
      const pid_t pid = waitpid(-1, &status, WNOHANG);
      if (pid == 0) return true;
      if (pid < 0 && errno == EINTR) continue;
      if (pid < 0) return false;
      if (pid != child_) continue;
      write_report(order_.status, {SupervisorReport::Kind::exited, status});
      child_ended_ = true;
      begin_ending();
    }
  }

  void begin_ending() {
    if (ending_) return;
    ending_ = true;
    next_kill_ = steady_clock::now() + order_.grace;
    signal_all(SIGTERM);
    signal_all(SIGCONT);  // what is stopped would not notice
  }

  // Again and again, because what is killed may have started more meanwhile; more slowly with time,
  // because what cannot be killed (another user's, or stuck in the kernel) must not cost a CPU.
  void kill_all() {
    signal_all(SIGKILL);
    next_kill_ = steady_clock::now() + kill_pause_;
    kill_pause_ = std::min(kill_pause_ * 2, Millis(1000));
  }

  void signal_all(int signal) const {
    // While the child is not reaped its number is the group's; afterwards it might be another's.
    if (!child_ended_) kill(-child_, signal);
    for (const pid_t pid : descendants(getpid())) kill(pid, signal);
  }

  int wait_ms() const {
    if (!ending_) return -1;
    const auto left = std::chrono::ceil<Millis>(next_kill_ - steady_clock::now());
    return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 1000));
  }

  void drain_signals() const {
    signalfd_siginfo info;
    while (read(signals_, &info, sizeof info) > 0) {
    }
  }

  const Order order_;
  const pid_t child_;
  const int signals_;
  bool child_ended_ = false;
  bool ending_ = false;
  steady_clock::time_point next_kill_;
  Millis kill_pause_{20};
};

// Nothing but the lifeline ends a supervisor, so all signals stay blocked. Blocked and not ignored:
// the child starts with the same mask, and what is sent to it before it takes signals waits.
int listen_for_children() {
  std::signal(SIGCHLD, SIG_DFL);  // were it ignored, children would leave no status
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, nullptr);
  sigset_t children;
  sigemptyset(&children);
  sigaddset(&children, SIGCHLD);
  return signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
}

// The child's pipes must end when the child closes them, so we hold no copy.
void let_go_of_stdio() {
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd = 0; fd < 3; ++fd) {
    if (null >= 0) {
      dup2(null, fd);
    } else {
      close(fd);
    }
  }
  if (null > 2) close(null);
}

}  // namespace

int supervisor_main(int argc, char** argv) {
  const std::optional<Order> order = parse_order(argc, argv);
  if (!order) {
    dprintf(2, "%s is not for people\n", kSuperviseVerb);
    return 2;
  }
  close_all_but(order->lifeline, order->status);
  prctl(PR_SET_NAME, "mcpo-supervisor");
  setsid();
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  const int signals = listen_for_children();
  const pid_t self = getpid();
  const pid_t child = fork();
  if (child == 0) become_child(*order, self);
  if (child < 0 || signals < 0) {
    dprintf(2, "cannot start %s: %s\n", order->command[0], std::strerror(errno));
    if (child > 0) kill(child, SIGKILL);
    return 126;
  }
  setpgid(child, child);  // by both sides, so that the group exists whoever runs first
  let_go_of_stdio();
  Supervisor(*order, child, signals).run();
  return 0;
}

}  // namespace mcpo::async
