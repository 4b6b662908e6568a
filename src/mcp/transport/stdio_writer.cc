#include "mcp/transport/stdio_writer.h"

#include <algorithm>
#include <boost/asio/this_coro.hpp>

#include "mcp/message.h"

namespace mcpo::mcp {
namespace {

constexpr std::size_t kMaxWaitingForNotifications = std::size_t{1} << 20;
constexpr std::size_t kMaxWaitingForReading = std::size_t{8} << 20;

}  // namespace

void StdioWriter::write_line(std::string message) {
  if (broken_) return;
  // Raw JSON of others may have line breaks between its tokens (never within its strings).
  std::ranges::replace(message, '\n', ' ');
  std::ranges::replace(message, '\r', ' ');
  message += '\n';
  waiting_bytes_ += message.size();
  lines_.push_back(std::move(message));
  changed_.notify_all();
}

void StdioWriter::write_notification(std::string message) {
  if (waiting_bytes_ < kMaxWaitingForNotifications) write_line(std::move(message));
}

async::Task<void> StdioWriter::run() {
  co_await async::asio::this_coro::throw_if_cancelled(false);
  for (;;) {
    while (!lines_.empty()) {
      std::string line = std::move(lines_.front());
      lines_.pop_front();
      const std::size_t bytes = line.size();
      Result<void> written = co_await out_.write_all(std::move(line));
      waiting_bytes_ -= bytes;
      if (!written) {
        broken_ = true;
        lines_.clear();
        waiting_bytes_ = 0;
        changed_.notify_all();
        co_return written;
      }
      changed_.notify_all();
    }
    const std::uint64_t seen = changed_.version();
    CO_CHECK_OK(co_await changed_.wait_change(seen, async::Deadline::never()));
  }
}

async::Task<void> StdioWriter::wait_room() {
  while (waiting_bytes_ > kMaxWaitingForReading && !broken_) {
    const std::uint64_t seen = changed_.version();
    CO_CHECK_OK(co_await changed_.wait_change(seen, async::Deadline::never()));
  }
  co_return Result<void>{};
}

async::Task<void> StdioWriter::wait_written(async::Deadline deadline) {
  while (waiting_bytes_ > 0 && !broken_) {
    const std::uint64_t seen = changed_.version();
    CO_CHECK_OK(co_await changed_.wait_change(seen, deadline));
  }
  co_return Result<void>{};
}

void StdioBackChannel::notify(std::string_view method, std::string params) {
  if (!finished_) writer_->write_notification(make_notification(method, params));
}

}  // namespace mcpo::mcp
