// Starts a supervisor with its pipes; private to process.cc, which drives them.
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace mcpo::async {

// Owns a file descriptor.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    reset(other.release());
    return *this;
  }
  ~UniqueFd() { reset(); }

  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }
  void reset(int fd = -1) {
    if (fd_ >= 0) close(fd_);
    fd_ = fd;
  }

 private:
  int fd_ = -1;
};

struct SupervisorCommand {
  std::string supervisor;
  std::string program;  // the child's, absolute
  std::vector<std::string> args;
  std::string cwd;  // absolute, or "-"
  std::map<std::string, std::string> environment;
  Millis kill_grace{0};
};

// Our ends of its pipes; all are close-on-exec.
struct SpawnedSupervisor {
  pid_t pid = -1;
  UniqueFd stdin_write;
  UniqueFd stdout_read;
  UniqueFd stderr_read;
  UniqueFd status_read;     // SupervisorReports, then end of file when it has ended
  UniqueFd lifeline_write;  // closing it ends the child
};

// Errors: unavailable (processes, memory, descriptors), too_large (arguments), internal.
Result<SpawnedSupervisor> spawn_supervisor(const SupervisorCommand& command);

}  // namespace mcpo::async
