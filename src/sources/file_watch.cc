#include "sources/file_watch.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <cstring>
#include <span>

#include "async/deadline.h"

namespace mcpo::sources {
namespace {

namespace fs = std::filesystem;
namespace asio = boost::asio;

constexpr Millis kSettle{100};         // editors write in several steps
constexpr Millis kPollInterval{1000};  // where inotify is not to be had
constexpr std::uint32_t kMask = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE |
                                IN_CREATE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
constexpr std::uint32_t kLost = IN_Q_OVERFLOW | IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED;

// Does any of the events concern `name`, or the watch itself?
bool concern(std::span<const char> events, const std::string& name) {
  std::size_t at = 0;
  while (at + sizeof(inotify_event) <= events.size()) {
    inotify_event event{};
    std::memcpy(&event, events.data() + at, sizeof event);
    const char* event_name = events.data() + at + sizeof event;
    if (event.len > 0 && name == event_name) return true;
    if ((event.mask & kLost) != 0) return true;
    at += sizeof event + event.len;
  }
  return false;
}

}  // namespace

FileWatch::FileWatch(const async::Executor& executor, fs::path file)
    : file_(std::move(file)), descriptor_(executor) {
  arm();
}

void FileWatch::arm() {
  boost::system::error_code ignored;
  descriptor_.close(ignored);
  const int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (fd < 0) return;
  boost::system::error_code error;
  descriptor_.assign(fd, error);
  if (error) {
    ::close(fd);
    return;
  }
  folder_ = file_.parent_path();
  name_ = file_.filename().string();
  while (inotify_add_watch(fd, folder_.c_str(), kMask) < 0) {
    if (!folder_.has_relative_path()) {
      descriptor_.close(ignored);
      return;
    }
    name_ = folder_.filename().string();
    folder_ = folder_.parent_path();
  }
}

// True: something that matters.
async::Task<bool> FileWatch::read_events() {
  std::array<char, 4096> buffer{};
  auto [error, size] = co_await descriptor_.async_read_some(asio::buffer(buffer),
                                                            asio::as_tuple(asio::use_awaitable));
  if (error == asio::error::operation_aborted) co_return fail(Errc::cancelled, "watch");
  if (error) {
    boost::system::error_code ignored;
    descriptor_.close(ignored);
    co_return true;
  }
  co_return concern({buffer.data(), size}, name_);
}

async::Task<void> FileWatch::wait() {
  CO_CHECK_OK(co_await async::check_cancelled());
  if (!descriptor_.is_open()) {
    CO_CHECK_OK(co_await async::sleep_for(kPollInterval));
    arm();
    co_return Result<void>();
  }
  bool matters = false;
  while (!matters) {
    CO_TRY(matters, co_await read_events());
  }
  CO_CHECK_OK(co_await async::sleep_for(kSettle));
  // Afresh each time: the folder may be another one by now, or one nearer to the file. The caller
  // looks after this, so nothing is missed.
  arm();
  co_return Result<void>();
}

}  // namespace mcpo::sources
