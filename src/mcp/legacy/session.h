// Legacy sessions (2025-11-25 basic/lifecycle and basic/transports, Session Management): what was
// negotiated at initialize and what is under way. Bounded, and cheap: some hundred bytes each, no
// timer of their own.
#pragma once

#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "async/notifier.h"
#include "base/clock.h"
#include "mcp/running_calls.h"

namespace mcpo::mcp::legacy {

// What initialize settled.
struct Negotiated {
  std::string_view version;  // one of kLegacyVersions
  std::string client_capabilities = "{}";
};

struct Session {
  std::string id;
  Negotiated negotiated;
  RunningCalls calls;
  bool closed = false;
  std::shared_ptr<async::Notifier> ended;  // made by the first GET stream; wakes them all

  void close() {
    closed = true;
    calls.cancel_all();
    if (ended) ended->notify_all();
  }

 private:
  friend class SessionTable;
  std::size_t uses_ = 0;
  SteadyTime idle_since_;
  std::list<Session*>::iterator idle_at_;  // valid while uses_ == 0
};

// On one executor; owned through shared_ptr because uses may outlive the endpoint's other parts.
class SessionTable : public std::enable_shared_from_this<SessionTable> {
 public:
  // Keeps a session from being idle: a request in work, an open stream.
  class Use {
   public:
    Use() = default;
    Use(std::shared_ptr<SessionTable> table, std::shared_ptr<Session> session);
    Use(Use&&) noexcept = default;
    Use& operator=(Use&&) = delete;
    ~Use();
    explicit operator bool() const { return session_ != nullptr; }
    Session* operator->() const { return session_.get(); }
    const std::shared_ptr<Session>& session() const { return session_; }
    Use again() const { return Use(table_, session_); }

   private:
    std::shared_ptr<SessionTable> table_;
    std::shared_ptr<Session> session_;
  };

  SessionTable(std::size_t max_sessions, Millis idle_timeout, const Clock& clock)
      : max_sessions_(max_sessions), idle_timeout_(idle_timeout), clock_(clock) {}

  // Evicts what has expired, and when full the longest idle. No use: all are busy.
  Use open(Negotiated negotiated);
  // No use: never issued, closed or expired.
  Use find(std::string_view id);
  void close(Session& session);
  void close_all();
  void wake_streams();  // so that they look whether the endpoint stops
  void evict_expired();
  std::size_t size() const { return by_id_.size(); }

 private:
  void begin_use(Session& session);
  void end_use(Session& session);

  std::size_t max_sessions_;
  Millis idle_timeout_;
  const Clock& clock_;
  std::unordered_map<std::string_view, std::shared_ptr<Session>> by_id_;  // keys are in the values
  std::list<Session*> idle_;                                              // longest idle first
};

}  // namespace mcpo::mcp::legacy
