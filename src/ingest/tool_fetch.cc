#include "ingest/tool_fetch.h"

#include "async/caught.h"
#include "upstream/advice.h"

namespace mcpo::ingest {
namespace {

constexpr Millis kAcquireMargin{1'000};

}  // namespace

ToolFetch::ToolFetch(async::Executor executor, upstream::Pool& pool, catalog::LiveCatalog& catalog,
                     ActivityMap& activity, const Clock& clock, ToolFetchOptions options,
                     Logger& log)
    : pool_(pool),
      catalog_(catalog),
      activity_(activity),
      clock_(clock),
      options_(options),
      log_(log),
      progress_(executor),
      scope_(executor, log) {}

void ToolFetch::request(ListingDue due) {
  const auto [it, fresh] = in_flight_.emplace(due.key, due.connection_hash);
  // A listing of the old connection is no answer for the new one; it drops itself (plan_listing).
  if (!fresh && it->second == due.connection_hash) return;
  it->second = due.connection_hash;
  waiting_.push_back(std::move(due));
  start_waiting();
}

void ToolFetch::start_waiting() {
  while (running_ < options_.max_parallel && !waiting_.empty()) {
    ListingDue due = std::move(waiting_.front());
    waiting_.pop_front();
    ++running_;
    std::string label = "list tools of " + due.key.name;
    scope_.spawn(std::move(label), fetch(std::move(due)));
  }
}

async::Task<void> ToolFetch::wait_idle(async::Deadline deadline) {
  while (!idle()) {
    CO_CHECK_OK(co_await progress_.wait_change(progress_.version(), deadline));
  }
  co_return Result<void>{};
}

async::Task<void> ToolFetch::fetch(ListingDue due) {
  log_.debug("listing tools", {{"server", due.key.name}, {"why", due.reason}});
  activity_[due.key].tools_changed = false;
  Result<mcp::ToolList> listed = co_await async::caught(list(due.key));
  const bool cancelled = !listed && listed.error().code == Errc::cancelled;
  const bool ourselves = !listed && leads_to_us(due.key);
  Result<Change> outcome = fail(Errc::cancelled, "");
  if (ourselves) {
    if (on_ourselves_) on_ourselves_(due);
    outcome = Change{Action::removed, due.key.name, listed.error().message};
  } else if (!cancelled) {
    outcome = co_await async::caught(store(due, std::move(listed)));
  }
  --running_;
  if (const auto it = in_flight_.find(due.key);
      it != in_flight_.end() && it->second == due.connection_hash) {
    in_flight_.erase(it);
  }
  if (outcome && on_outcome_) on_outcome_(*outcome);
  start_waiting();
  progress_.notify_all();
  co_return Result<void>{};
}

bool ToolFetch::leads_to_us(const ServerKey& key) const {
  const auto catalog = catalog_.read();
  const catalog::ServerEntry* entry = catalog->find(key);
  return entry != nullptr && pool_.health(entry->server.id).is_ourselves;
}

async::Task<mcp::ToolList> ToolFetch::list(ServerKey key) {
  auto listed = co_await list_once(key);
  // Our session is gone; a new one may ask again (contracts C-17).
  if (!listed && listed.error().code == Errc::conflict) listed = co_await list_once(key);
  co_return listed;
}

async::Task<mcp::ToolList> ToolFetch::list_once(ServerKey key) {
  const auto catalog = catalog_.read();
  const catalog::ServerEntry* entry = catalog->find(key);
  if (entry == nullptr) co_return fail(Errc::not_found, "the server is gone");
  const ServerId id = entry->server.id;
  // The pool bounds the attempt by the same time, and knows better what went wrong.
  CO_TRY(upstream::Pool::Lease lease,
         co_await pool_.acquire(id, async::Deadline::in(options_.timeout + kAcquireMargin)));
  co_return co_await lease.client().list_tools(async::Deadline::in(options_.timeout));
}

// What was learned of a failure, with what a user can do about it.
Error ToolFetch::explained(const ServerKey& key, Error error) const {
  const auto catalog = catalog_.read();
  const catalog::ServerEntry* entry = catalog->find(key);
  if (entry == nullptr) return error;
  const catalog::Server& server = entry->server;
  const std::string advice =
      upstream::advice({key.origin.source, key.name, server.transport, server.url}, error);
  if (!advice.empty()) error.message += ". " + advice;
  return error;
}

async::Task<Change> ToolFetch::store(const ListingDue& due, Result<mcp::ToolList> listed) {
  const WallTime now = clock_.wall_now();
  if (!listed) listed = std::unexpected(explained(due.key, std::move(listed).error()));
  ListingOutcome outcome = plan_listing(*catalog_.read(), due, listed, now);
  Activity& activity = activity_[due.key];
  activity.listing_failed = !listed.has_value();
  if (listed) activity.tools_listed_at = activity.last_success = now;
  const bool is_news = !outcome.changes.empty();
  if (is_news) {
    auto stored = co_await catalog_.apply(std::move(outcome.changes));
    if (!stored) {
      // What was learned is not kept: ask again next cycle.
      activity_[due.key].listing_failed = true;
      co_return Change{Action::degraded, outcome.report.server, stored.error().message};
    }
  }
  if (outcome.report.action == Action::degraded) {
    // What goes on as it was has been told.
    log_.write(is_news ? LogLevel::warning : LogLevel::debug,
               "server degraded; its last known tools stay",
               {{"server", outcome.report.server}, {"cause", outcome.report.reason}});
  } else {
    log_.info("tools listed",
              {{"server", outcome.report.server}, {"result", outcome.report.reason}});
  }
  co_return std::move(outcome.report);
}

}  // namespace mcpo::ingest
