#include "async/spawn_supervisor.h"

#include <fcntl.h>
#include <spawn.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "async/process.h"

namespace mcpo::async {
namespace {

constexpr int kLifelineFd = 3;  // in the supervisor
constexpr int kStatusFd = 4;

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

std::unexpected<Error> system_failure(int error, const std::string& what) {
  const Errc code = error == E2BIG ? Errc::too_large
                    : error == EAGAIN || error == ENOMEM || error == EMFILE || error == ENFILE
                        ? Errc::unavailable
                        : Errc::internal;
  return fail(code, what + ": " + std::strerror(error));
}

// Above the numbers that the supervisor's ends are moved to, so that no move hits another.
Result<UniqueFd> moved_up(UniqueFd fd) {
  UniqueFd moved(fcntl(fd.get(), F_DUPFD_CLOEXEC, kStatusFd + 1));
  if (moved.get() < 0) return system_failure(errno, "make a pipe");
  return moved;
}

Result<Pipe> make_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return system_failure(errno, "make a pipe");
  Pipe pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
  TRY(pipe.read, moved_up(std::move(pipe.read)));
  TRY(pipe.write, moved_up(std::move(pipe.write)));
  return pipe;
}

// What posix_spawn(3) wants, over strings that outlive it.
std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> result;
  result.reserve(texts.size() + 1);
  for (const std::string& text : texts) result.push_back(const_cast<char*>(text.c_str()));
  result.push_back(nullptr);
  return result;
}

struct FileActions {
  FileActions() { posix_spawn_file_actions_init(&value); }
  ~FileActions() { posix_spawn_file_actions_destroy(&value); }
  void move(const UniqueFd& from, int to) {
    posix_spawn_file_actions_adddup2(&value, from.get(), to);
  }
  posix_spawn_file_actions_t value{};
};

// Signals as a fresh program expects them, whatever ours are (SIGPIPE ignored, a mask).
struct Attributes {
  Attributes() {
    posix_spawnattr_init(&value);
    sigset_t set;
    sigemptyset(&set);
    posix_spawnattr_setsigmask(&value, &set);
    sigfillset(&set);
    posix_spawnattr_setsigdefault(&value, &set);
    posix_spawnattr_setflags(&value, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~Attributes() { posix_spawnattr_destroy(&value); }
  posix_spawnattr_t value{};
};

}  // namespace

Result<SpawnedSupervisor> spawn_supervisor(const SupervisorCommand& command) {
  TRY(Pipe in, make_pipe());
  TRY(Pipe out, make_pipe());
  TRY(Pipe err, make_pipe());
  TRY(Pipe lifeline, make_pipe());
  TRY(Pipe status, make_pipe());

  FileActions actions;
  actions.move(in.read, 0);
  actions.move(out.write, 1);
  actions.move(err.write, 2);
  actions.move(lifeline.read, kLifelineFd);
  actions.move(status.write, kStatusFd);

  std::vector<std::string> argv{"mcpo-supervisor",
                                kSuperviseVerb,
                                std::to_string(kLifelineFd),
                                std::to_string(kStatusFd),
                                std::to_string(command.kill_grace.count()),
                                command.cwd,
                                "--",
                                command.program};
  argv.insert(argv.end(), command.args.begin(), command.args.end());
  std::vector<std::string> environment;
  for (const auto& [name, value] : command.environment) environment.push_back(name + "=" + value);

  const Attributes attributes;
  SpawnedSupervisor spawned;
  const int error =
      posix_spawn(&spawned.pid, command.supervisor.c_str(), &actions.value, &attributes.value,
                  pointers(argv).data(), pointers(environment).data());
  if (error != 0) return system_failure(error, "start the supervisor " + command.supervisor);
  spawned.stdin_write = std::move(in.write);
  spawned.stdout_read = std::move(out.read);
  spawned.stderr_read = std::move(err.read);
  spawned.status_read = std::move(status.read);
  spawned.lifeline_write = std::move(lifeline.write);
  return spawned;
}

}  // namespace mcpo::async
