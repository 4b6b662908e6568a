#include "upstream/pool.h"

#include <map>
#include <random>
#include <utility>
#include <vector>

#include "async/caught.h"
#include "async/notifier.h"
#include "async/periodic.h"

namespace mcpo::upstream {
namespace {

constexpr Millis kMaintainInterval{500};
constexpr Millis kStableAfter{10'000};  // a session that lived so long counts as a success
constexpr Millis kRetireTimeout{5'000};
constexpr int kMaxTries = 3;  // of one acquire, when the route changes under it

// A session and how many leases hold it.
struct Session {
  std::shared_ptr<mcp::Client> client;
  mcp::ConnectionSpec spec;
  SteadyTime opened_at;
  SteadyTime last_used;
  std::size_t running = 0;
  bool retired = false;  // closed as soon as nothing runs on it
};

// One connection attempt, shared by everybody who waits for it.
struct Attempt {
  explicit Attempt(async::Executor executor) : done(std::move(executor)) {}
  async::Notifier done;
  bool finished = false;
  std::optional<Error> error;
};

struct Slot {
  std::shared_ptr<Session> session;
  std::shared_ptr<Attempt> attempt;
  SessionHealth health;
  SteadyTime retry_at;
  bool was_live = false;
};

}  // namespace

struct Pool::Impl : std::enable_shared_from_this<Pool::Impl> {
  Impl(async::Executor executor, Directory& dir, mcp::Connector& conn, const Clock& clk,
       PoolOptions opts, Logger& logger)
      : exec(executor),
        directory(dir),
        connector(conn),
        clock(clk),
        options(std::move(opts)),
        log(logger),
        scope(executor, logger) {}

  void route_changed(ServerId id);
  Slot& start_attempt(ServerId id, const Route& route);
  async::Task<void> connect(ServerId id, Route route, std::shared_ptr<Attempt> attempt);
  void adopt(ServerId id, const Route& route, std::shared_ptr<mcp::Client> client);
  void failed(ServerId id, Error error);
  void died(ServerId id, const mcp::Client* client);
  void retire(std::shared_ptr<Session> session);
  Result<Lease> lease(Slot& slot);
  async::Task<void> ping(ServerId id, std::shared_ptr<Session> session);
  void maintain_once();

  async::Executor exec;
  Directory& directory;
  mcp::Connector& connector;
  const Clock& clock;
  PoolOptions options;
  Logger& log;
  std::map<ServerId, Slot> slots;
  std::function<void(ServerId)> tools_changed;
  std::minstd_rand random{std::random_device{}()};
  bool closing = false;
  async::TaskScope scope;
};

namespace {

async::Task<void> close_client(std::shared_ptr<mcp::Client> client, async::Deadline deadline) {
  co_return co_await client->close(deadline);
}

// Sessions that close() waits for, but not longer than its deadline: they outlive it if need be.
struct Closing {
  Closing(const async::Executor& executor, std::size_t count) : open(count), ended(executor) {}
  std::size_t open;
  async::Notifier ended;
};

async::Task<void> close_one(std::shared_ptr<mcp::Client> client, async::Deadline deadline,
                            std::shared_ptr<Closing> rest) {
  auto closed = co_await async::caught(client->close(deadline));
  --rest->open;
  rest->ended.notify_all();
  co_return closed;
}

}  // namespace

// Running calls finish on the old session; new ones use the new route.
void Pool::Impl::route_changed(ServerId id) {
  const auto it = slots.find(id);
  if (it == slots.end()) return;
  const Route* route = directory.find(id);
  if (route != nullptr && it->second.session && it->second.session->spec == route->spec) return;
  if (it->second.session) retire(std::exchange(it->second.session, nullptr));
  if (route == nullptr && !it->second.attempt) {
    slots.erase(it);
  } else {
    it->second.health = {};
    it->second.was_live = false;
  }
}

void Pool::Impl::retire(std::shared_ptr<Session> session) {
  session->retired = true;
  if (session->running > 0 || closing) return;
  session->client->on_death({});
  session->client->on_tools_changed({});
  scope.spawn("close session", close_client(session->client, async::Deadline::in(kRetireTimeout)));
}

Slot& Pool::Impl::start_attempt(ServerId id, const Route& route) {
  Slot& slot = slots[id];
  if (slot.attempt) return slot;
  slot.attempt = std::make_shared<Attempt>(exec);
  slot.health.state = SessionHealth::State::connecting;
  scope.spawn("connect " + route.server_name, connect(id, route, slot.attempt));
  return slot;
}

async::Task<void> Pool::Impl::connect(ServerId id, Route route, std::shared_ptr<Attempt> attempt) {
  auto self = shared_from_this();
  mcp::ClientOptions client_options = options.client;
  client_options.server_name = route.server_name;
  const auto deadline = async::Deadline::in(options.connect_timeout);
  mcp::ConnectionSpec spec = route.spec;
  auto connected = co_await async::caught(
      connector.connect(std::move(spec), std::move(client_options), deadline));
  if (slots[id].attempt == attempt) slots[id].attempt = nullptr;
  attempt->finished = true;
  if (connected && !options.own_instance.empty() &&
      (*connected)->instance() == options.own_instance) {
    std::shared_ptr<mcp::Client> detour = *std::move(connected);
    scope.spawn("close session", close_client(detour, async::Deadline::in(kRetireTimeout)));
    slots[id].health.is_ourselves = true;
    connected = fail(Errc::denied, "it leads back to this optimizer itself");
  }
  if (connected) {
    adopt(id, route, *std::move(connected));
  } else {
    attempt->error = connected.error();
    failed(id, connected.error());
  }
  attempt->done.notify_all();
  co_return Result<void>{};
}

void Pool::Impl::adopt(ServerId id, const Route& route, std::shared_ptr<mcp::Client> client) {
  auto session = std::make_shared<Session>();
  session->client = client;
  session->spec = route.spec;
  session->opened_at = session->last_used = clock.now();
  const Route* now = directory.find(id);
  if (closing || now == nullptr || now->spec != route.spec) return retire(std::move(session));
  Slot& slot = slots[id];
  const bool again = slot.was_live;
  slot.session = std::move(session);
  slot.was_live = true;
  slot.health.state = SessionHealth::State::live;
  slot.health.reason.clear();
  slot.health.since = {};
  // A lease may keep the client longer than the pool lives.
  client->on_tools_changed([weak = weak_from_this(), id] {
    if (auto self = weak.lock(); self && self->tools_changed) self->tools_changed(id);
  });
  client->on_death([weak = weak_from_this(), id, raw = client.get()] {
    if (auto self = weak.lock()) self->died(id, raw);
  });
  log.debug("connected", {{"server", route.server_name},
                          {"version", client->protocol_version()},
                          {"transport", mcp::transport_name(route.spec)}});
  if (!client->alive()) return died(id, client.get());
  // While it was gone its tools may have changed without anybody telling us.
  if (again && tools_changed) tools_changed(id);
}

void Pool::Impl::failed(ServerId id, Error error) {
  Slot& slot = slots[id];
  if (error.code == Errc::cancelled) {
    slot.health.state = SessionHealth::State::idle;
    return;
  }
  slot.health.state = SessionHealth::State::failed;
  slot.health.reason = std::move(error.message);
  if (!slot.health.since) slot.health.since = clock.wall_now();
  const double random01 = std::uniform_real_distribution<double>(0, 1)(random);
  slot.retry_at = clock.now() + async::backoff_delay({}, slot.health.failures++, random01);
}

void Pool::Impl::died(ServerId id, const mcp::Client* client) {
  const auto it = slots.find(id);
  if (it == slots.end() || !it->second.session || it->second.session->client.get() != client) {
    return;
  }
  const auto session = std::exchange(it->second.session, nullptr);
  if (clock.now() - session->opened_at >= kStableAfter) it->second.health.failures = 0;
  if (closing) return;
  const Route* route = directory.find(id);
  log.warn("the session with a server ended",
           {{"server", route ? route->server_name : std::string("(gone)")},
            {"cause", session->client->death_reason()}});
  failed(id, {Errc::unavailable, session->client->death_reason()});
}

Result<Pool::Lease> Pool::Impl::lease(Slot& slot) {
  auto session = slot.session;
  if (session->running >= options.max_calls_per_server) {
    return fail(Errc::unavailable, "busy: " + std::to_string(session->running) +
                                       " calls are running on this server; try again later");
  }
  ++session->running;
  session->last_used = clock.now();
  Lease out;
  out.client_ = session->client;
  out.busy_ = std::shared_ptr<void>(nullptr, [self = weak_from_this(), session](void*) {
    --session->running;
    const auto impl = self.lock();
    if (!impl) return;
    session->last_used = impl->clock.now();
    if (session->retired) impl->retire(session);
  });
  return out;
}

async::Task<Pool::Lease> Pool::acquire(ServerId server, async::Deadline deadline) {
  auto impl = impl_;
  for (int tries = 0; tries < kMaxTries; ++tries) {
    if (impl->closing) co_return fail(Errc::unavailable, "the optimizer is stopping");
    const Route* route = impl->directory.find(server);
    if (route == nullptr) {
      co_return std::unexpected(
          Error{Errc::not_found, "it is not known yet how to reach this server", Cause::no_route});
    }
    if (const auto it = impl->slots.find(server); it != impl->slots.end() && it->second.session) {
      if (it->second.session->client->alive()) co_return impl->lease(it->second);
      impl->died(server, it->second.session->client.get());
    }
    const auto attempt = impl->start_attempt(server, *route).attempt;
    while (!attempt->finished) {
      auto woken = co_await attempt->done.wait_change(attempt->done.version(), deadline);
      if (attempt->finished) break;
      if (!woken && woken.error().code == Errc::timeout) {
        co_return fail(Errc::timeout, "no connection in time");
      }
      if (!woken) co_return std::unexpected(woken.error());
    }
    if (attempt->error) co_return std::unexpected(*attempt->error);
  }
  co_return fail(Errc::unavailable, "its session ended as soon as it was open");
}

async::Task<void> Pool::Impl::ping(ServerId id, std::shared_ptr<Session> session) {
  auto self = shared_from_this();
  auto answer = co_await session->client->ping(async::Deadline::in(options.ping_timeout));
  session->last_used = clock.now();
  if (answer || answer.error().code == Errc::cancelled || session->running > 0) {
    co_return Result<void>{};
  }
  const auto it = slots.find(id);
  if (it == slots.end() || it->second.session != session) co_return Result<void>{};
  it->second.session = nullptr;
  failed(id, {Errc::unavailable, "it does not answer pings: " + answer.error().message});
  retire(session);
  co_return Result<void>{};
}

void Pool::Impl::maintain_once() {
  const SteadyTime now = clock.now();
  for (const auto& [id, route] : directory.routes()) {
    const auto it = slots.find(id);
    if (it == slots.end()) continue;
    Slot& slot = it->second;
    if (slot.session && slot.session->running == 0 &&
        now - slot.session->last_used >= options.ping_after) {
      slot.session->last_used = now;
      scope.spawn("ping " + route.server_name, ping(id, slot.session));
    } else if (!slot.session && !slot.attempt && slot.was_live &&
               slot.health.state == SessionHealth::State::failed && now >= slot.retry_at) {
      start_attempt(id, route);
    }
  }
}

async::Task<void> Pool::maintain() {
  auto impl = impl_;
  while (true) {
    CO_CHECK_OK(co_await async::sleep_for(kMaintainInterval));
    impl->maintain_once();
  }
}

async::Task<void> Pool::close(async::Deadline deadline) {
  auto impl = impl_;
  impl->closing = true;
  std::vector<std::shared_ptr<mcp::Client>> clients;
  for (auto& [id, slot] : impl->slots) {
    if (slot.session) clients.push_back(slot.session->client);
  }
  auto rest = std::make_shared<Closing>(impl->exec, clients.size());
  async::TaskScope closers(impl->exec, impl->log);
  for (auto& client : clients) {
    closers.spawn("close session", close_one(std::move(client), deadline, rest));
  }
  while (rest->open > 0) {
    if (!co_await rest->ended.wait_change(rest->ended.version(), deadline)) break;
  }
  (void)co_await closers.close(deadline);
  impl->slots.clear();
  co_return co_await impl->scope.close(deadline);
}

Pool::Pool(async::Executor executor, Directory& directory, mcp::Connector& connector,
           const Clock& clock, PoolOptions options, Logger& log)
    : impl_(std::make_shared<Impl>(std::move(executor), directory, connector, clock,
                                   std::move(options), log)) {
  directory.on_change([weak = std::weak_ptr<Impl>(impl_)](ServerId id) {
    if (auto impl = weak.lock()) impl->route_changed(id);
  });
}

Pool::~Pool() { impl_->closing = true; }

SessionHealth Pool::health(ServerId server) const {
  const auto it = impl_->slots.find(server);
  return it == impl_->slots.end() ? SessionHealth{} : it->second.health;
}

void Pool::on_tools_changed(std::function<void(ServerId)> callback) {
  impl_->tools_changed = std::move(callback);
}

}  // namespace mcpo::upstream
