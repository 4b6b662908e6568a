#include "mcp/transport/outbox.h"

#include <utility>

namespace mcpo::mcp {
namespace {

constexpr std::size_t kMaxWaitingNotifications = 256;  // over it the oldest is dropped

}  // namespace

void Outbox::notify(std::string_view method, std::string params) {
  // After the last answer nothing may follow (S-68).
  if (abandoned_ || complete()) return;
  if (notifications_.size() >= kMaxWaitingNotifications) notifications_.pop_front();
  notifications_.push_back(make_notification(method, params));
  changed_.notify_all();
}

void Outbox::answer(Answer answer) {
  if (complete()) return;
  --missing_;
  answers_.push_back(std::move(answer));
  changed_.notify_all();
}

void Outbox::abandon() {
  abandoned_ = true;
  notifications_.clear();
}

std::optional<std::string> Outbox::next_notification() {
  if (notifications_.empty()) return std::nullopt;
  std::string next = std::move(notifications_.front());
  notifications_.pop_front();
  return next;
}

}  // namespace mcpo::mcp
