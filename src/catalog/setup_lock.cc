#include "catalog/setup_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

namespace mcpo::catalog {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kPatience{10'000};
constexpr milliseconds kPause{10};

std::string file_of(const std::string& database_path) { return database_path + ".setup"; }

}  // namespace

SetupLock::SetupLock(SetupLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}

SetupLock::~SetupLock() {
  if (file_ >= 0) ::close(file_);
}

Result<SetupLock> SetupLock::take(const std::string& database_path) {
  const std::string path = file_of(database_path);
  SetupLock lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (lock.file_ < 0) return fail(Errc::denied, path + ": " + std::strerror(errno));
  const auto end = steady_clock::now() + kPatience;
  // Not a blocking flock(): it would wait for ever for a process that is stopped.
  while (::flock(lock.file_, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) {
      return fail(Errc::unavailable, path + ": " + std::strerror(errno));
    }
    if (steady_clock::now() >= end) {
      return fail(Errc::unavailable,
                  database_path + ": another process has been setting it up for too long");
    }
    std::this_thread::sleep_for(kPause);
  }
  return lock;
}

bool SetupLock::is_taken(const std::string& database_path) {
  const SetupLock probe(::open(file_of(database_path).c_str(), O_RDONLY | O_CLOEXEC));
  return probe.file_ >= 0 && ::flock(probe.file_, LOCK_SH | LOCK_NB) != 0;
}

}  // namespace mcpo::catalog
