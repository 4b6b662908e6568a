#include "mcp/transport/fd_stream.h"

#include <unistd.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <cerrno>
#include <climits>
#include <cstring>

namespace mcpo::mcp {
namespace {

namespace asio = boost::asio;
using WaitType = asio::posix::descriptor_base::wait_type;

Error io_error(std::string_view what) {
  return {Errc::unavailable, std::string(what) + ": " + std::strerror(errno)};
}

}  // namespace

FdStream::FdStream(async::Executor executor, int fd) : descriptor_(executor), fd_(::dup(fd)) {
  boost::system::error_code error;
  descriptor_.assign(fd_, error);
  if (error) readiness_ = Readiness::always;
}

FdStream::~FdStream() {
  boost::system::error_code ignored;
  if (descriptor_.is_open()) {
    descriptor_.close(ignored);
  } else {
    ::close(fd_);
  }
}

void FdStream::cancel() {
  boost::system::error_code ignored;
  if (descriptor_.is_open()) descriptor_.cancel(ignored);
}

async::Task<void> FdStream::wait_ready(WaitType what) {
  if (readiness_ == Readiness::always) co_return Result<void>{};
  auto [error] = co_await descriptor_.async_wait(what, asio::as_tuple(asio::use_awaitable));
  if (error == asio::error::operation_aborted) co_return fail(Errc::cancelled, "cancelled");
  if (error == asio::error::operation_not_supported) {  // asio takes files, but cannot poll them
    readiness_ = Readiness::always;
    co_return Result<void>{};
  }
  if (error) co_return fail(Errc::unavailable, error.message());
  co_return Result<void>{};
}

async::Task<std::size_t> FdStream::read_some(std::span<char> buffer) {
  for (;;) {
    CO_CHECK_OK(co_await wait_ready(WaitType::wait_read));
    const ssize_t count = ::read(fd_, buffer.data(), buffer.size());
    if (count >= 0) co_return static_cast<std::size_t>(count);
    if (errno != EINTR && errno != EAGAIN) co_return std::unexpected(io_error("read"));
  }
}

async::Task<void> FdStream::write_all(std::string bytes) {
  std::string_view rest = bytes;
  while (!rest.empty()) {
    CO_CHECK_OK(co_await wait_ready(WaitType::wait_write));
    // A pipe that polls as writable takes PIPE_BUF bytes without blocking.
    const std::size_t chunk = std::min<std::size_t>(rest.size(), PIPE_BUF);
    const ssize_t count = ::write(fd_, rest.data(), chunk);
    if (count >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno != EINTR && errno != EAGAIN) {
      co_return std::unexpected(io_error("write"));
    }
  }
  co_return Result<void>{};
}

}  // namespace mcpo::mcp
