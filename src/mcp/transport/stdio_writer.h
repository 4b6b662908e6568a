// stdout of stdio mode: whole lines, one after the other, from whoever has one (S-16, S-18).
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "async/notifier.h"
#include "mcp/request_context.h"
#include "mcp/transport/fd_stream.h"

namespace mcpo::mcp {

// On one executor; shared by the server and the back channels of its requests.
class StdioWriter {
 public:
  StdioWriter(async::Executor executor, int fd) : out_(executor, fd), changed_(executor) {}

  // One message without line breaks. Answers are never dropped; the reader waits for room instead.
  void write_line(std::string message);
  // Dropped when too much waits already.
  void write_notification(std::string message);

  async::Task<void> run();  // writes until cancelled; ends when stdout is broken
  async::Task<void> wait_room();
  async::Task<void> wait_written(async::Deadline deadline);
  bool broken() const { return broken_; }

 private:
  FdStream out_;
  async::Notifier changed_;
  std::deque<std::string> lines_;
  std::size_t waiting_bytes_ = 0;
  bool broken_ = false;
};

// Progress of one request, until its answer is written.
class StdioBackChannel final : public BackChannel {
 public:
  explicit StdioBackChannel(std::shared_ptr<StdioWriter> writer) : writer_(std::move(writer)) {}
  void notify(std::string_view method, std::string params) override;
  void finish() { finished_ = true; }

 private:
  std::shared_ptr<StdioWriter> writer_;
  bool finished_ = false;
};

}  // namespace mcpo::mcp
