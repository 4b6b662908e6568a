#include "mcp/legacy/session.h"

#include "base/hash.h"

namespace mcpo::mcp::legacy {

SessionTable::Use::Use(std::shared_ptr<SessionTable> table, std::shared_ptr<Session> session)
    : table_(std::move(table)), session_(std::move(session)) {
  table_->begin_use(*session_);
}

SessionTable::Use::~Use() {
  if (session_) table_->end_use(*session_);
}

SessionTable::Use SessionTable::open(Negotiated negotiated) {
  evict_expired();
  if (by_id_.size() >= max_sessions_) {
    if (idle_.empty()) return {};
    close(*idle_.front());
  }
  auto session = std::make_shared<Session>();
  session->id = random_hex(16);  // S-26: visible ASCII, unguessable
  session->negotiated = std::move(negotiated);
  session->idle_at_ = idle_.insert(idle_.end(), session.get());
  by_id_.emplace(session->id, session);
  return Use(shared_from_this(), std::move(session));
}

SessionTable::Use SessionTable::find(std::string_view id) {
  evict_expired();
  auto it = by_id_.find(id);
  if (it == by_id_.end()) return {};
  return Use(shared_from_this(), it->second);
}

void SessionTable::close(Session& session) {
  auto it = by_id_.find(session.id);
  if (it == by_id_.end()) return;
  std::shared_ptr<Session> keep = std::move(it->second);
  by_id_.erase(it);
  if (keep->uses_ == 0) idle_.erase(keep->idle_at_);
  keep->close();
}

void SessionTable::close_all() {
  while (!by_id_.empty()) close(*by_id_.begin()->second);
}

void SessionTable::wake_streams() {
  for (auto& [id, session] : by_id_) {
    if (session->ended) session->ended->notify_all();
  }
}

void SessionTable::evict_expired() {
  const SteadyTime now = clock_.now();
  while (!idle_.empty() && now - idle_.front()->idle_since_ >= idle_timeout_) {
    close(*idle_.front());
  }
}

void SessionTable::begin_use(Session& session) {
  if (session.uses_++ == 0 && !session.closed) idle_.erase(session.idle_at_);
}

void SessionTable::end_use(Session& session) {
  if (--session.uses_ > 0 || session.closed) return;
  session.idle_since_ = clock_.now();
  session.idle_at_ = idle_.insert(idle_.end(), &session);
}

}  // namespace mcpo::mcp::legacy
