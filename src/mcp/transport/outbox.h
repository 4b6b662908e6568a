// What goes back on one HTTP response: notifications while its requests run, then their answers.
// The handling coroutines fill it, the connection's coroutine empties it; so a peer that reads
// slowly never holds up a tool, and a peer that is gone ends nobody's work by itself.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "async/notifier.h"
#include "mcp/dispatcher.h"
#include "mcp/request_context.h"

namespace mcpo::mcp {

// On one executor; shared by both sides.
class Outbox final : public BackChannel {
 public:
  Outbox(async::Executor executor, std::size_t expected_answers)
      : changed_(std::move(executor)), missing_(expected_answers) {}

  void notify(std::string_view method, std::string params) override;
  // One per request. Answers beyond the expected ones are dropped.
  void answer(Answer answer);
  // The peer is gone: drops what waits and what comes.
  void abandon();

  bool complete() const { return missing_ == 0; }
  std::optional<std::string> next_notification();
  std::vector<Answer>& answers() { return answers_; }
  async::Notifier& changed() { return changed_; }

 private:
  async::Notifier changed_;
  std::deque<std::string> notifications_;
  std::vector<Answer> answers_;
  std::size_t missing_;
  bool abandoned_ = false;
};

}  // namespace mcpo::mcp
