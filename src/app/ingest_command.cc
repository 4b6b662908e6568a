// `ingest`: one cycle from the shell.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <optional>
#include <span>

#include "app/commands.h"
#include "app/compose.h"
#include "app/output.h"
#include "app/table.h"
#include "app/welcome.h"
#include "async/runtime.h"
#include "base/json.h"

namespace mcpo::app {
namespace {

constexpr Millis kCloseTimeout{4'000};
constexpr Millis kTurnTimeout{30'000};  // how long another `ingest` is waited for
constexpr Millis kTurnInterval{200};

struct Outcome {
  ingest::CycleReport report;
  int exit_code = 0;
};

int exit_code_of(const std::vector<ingest::SourceReport>& sources) {
  bool any_answered = false;
  bool all_complete = true;
  for (const auto& source : sources) {
    any_answered |= sources::has_answered(source.state);
    all_complete &= source.state == sources::ObservationState::complete;
  }
  if (!any_answered) return 1;
  return all_complete ? 0 : 3;
}

// One entry per server: what its listing said outranks what its source said, except that a server
// just added stays "added".
void merge(std::vector<ingest::Change>& changes, const std::vector<ingest::Change>& listings) {
  std::map<std::string, ingest::Change*> by_server;
  for (ingest::Change& change : changes) by_server[change.server] = &change;
  for (const ingest::Change& listing : listings) {
    const auto it = by_server.find(listing.server);
    if (it == by_server.end()) continue;
    ingest::Change& change = *it->second;
    if (listing.action == ingest::Action::kept && change.action != ingest::Action::kept) continue;
    const bool keep_added = change.action == ingest::Action::added &&
                            listing.action != ingest::Action::degraded &&
                            listing.action != ingest::Action::removed;
    const bool keep_changed =
        change.action == ingest::Action::changed && listing.action == ingest::Action::changed;
    if (keep_changed) {
      change.reason += "; " + listing.reason;
    } else {
      change = {keep_added ? ingest::Action::added : listing.action, listing.server,
                listing.reason};
    }
  }
}

Result<void> refuse_beside_serve(const Engine& engine, std::span<const catalog::Leader> leaders) {
  for (const catalog::Leader& leader : leaders) {
    if (leader.what != "serve") continue;
    return fail(Errc::conflict,
                fmt::format("`mcp-optimizer serve` (process {}) already keeps the catalog in {} up "
                            "to date; ask it, or stop it first",
                            leader.pid, engine.config.data_dir));
  }
  return {};
}

// A process of another `ingest` that leads one of our sources: beside it we would write nothing.
async::Task<std::optional<catalog::Leader>> other_ingest(Engine& engine) {
  for (const auto& source : engine.sources) {
    CO_TRY(auto leader, co_await engine.catalog->who_leads(source->origin()));
    if (leader && leader->pid != ::getpid()) co_return leader;
  }
  co_return std::nullopt;
}

Error still_busy(const Engine& engine, const std::optional<catalog::Leader>& other) {
  const std::string who =
      other ? fmt::format("`mcp-optimizer {}` (process {})", other->what, other->pid)
            : "another process";
  return {Errc::conflict,
          fmt::format("{} still fills the catalog in {}; try again when it has ended", who,
                      engine.config.data_dir)};
}

// Leads all sources from here on, so that what the cycle sees is written. Another `ingest` is
// waited for: beside it we would only look on.
async::Task<void> take_turn(Engine& engine) {
  const auto deadline = async::Deadline::in(kTurnTimeout);
  while (true) {
    CO_TRY(const auto leaders, co_await engine.catalog->leaders());
    CO_CHECK_OK(refuse_beside_serve(engine, leaders));
    CO_TRY(const auto other, co_await other_ingest(engine));
    if (!other && co_await engine.cycle->take_over_all()) break;
    if (deadline.expired()) co_return std::unexpected(still_busy(engine, other));
    CO_CHECK_OK(co_await async::sleep_for(kTurnInterval));
  }
  // What the other wrote meanwhile is known from here on; a failure is met again by the cycle.
  (void)co_await engine.catalog->apply({});
  co_return Result<void>{};
}

// Entries that could not be read are not current, which "complete" would deny.
void tell_registry_problems(const Engine& engine, std::vector<ingest::SourceReport>& reports) {
  for (const auto& [origin, state] : engine.cycle->source_states()) {
    if (state.registry_problem.empty()) continue;
    const auto report = std::ranges::find(reports, origin.source, &ingest::SourceReport::name);
    if (report == reports.end() || !sources::has_answered(report->state)) continue;
    report->state = sources::ObservationState::partial;
    report->detail += (report->detail.empty() ? "registry: " : "; registry: ");
    report->detail += state.registry_problem;
  }
}

async::Task<Outcome> cycle(Engine& engine) {
  CO_CHECK_OK(co_await take_turn(engine));
  std::vector<ingest::Change> listings;
  engine.fetch->on_outcome([&](const ingest::Change& change) { listings.push_back(change); });
  Outcome out;
  const SteadyTime start = engine.clock.now();
  out.report = co_await engine.cycle->run();
  std::erase_if(out.report.sources, [](const ingest::SourceReport& source) {
    return source.state == sources::ObservationState::absent;
  });
  if (out.report.sources.empty()) co_return fail(Errc::not_found, no_servers_text(engine));
  tell_registry_problems(engine, out.report.sources);
  CO_CHECK_OK(co_await engine.fetch->wait_idle(async::Deadline::never()));
  engine.fetch->on_outcome({});
  merge(out.report.changes, listings);
  out.report.catalog_version = engine.catalog->read()->version;
  out.report.duration = std::chrono::duration_cast<Millis>(engine.clock.now() - start);
  out.exit_code = exit_code_of(out.report.sources);
  co_return out;
}

std::string to_json(const ingest::CycleReport& report) {
  JsonWriter w;
  w.begin_object().member_number("catalog_version", report.catalog_version);
  w.key("seconds").number(static_cast<double>(report.duration.count()) / 1000);
  w.key("changes").begin_array();
  for (const auto& change : report.changes) {
    w.begin_object()
        .member("action", ingest::to_string(change.action))
        .member("server", change.server)
        .member("reason", change.reason)
        .end_object();
  }
  w.end_array().key("sources").begin_array();
  for (const auto& source : report.sources) {
    w.begin_object().member("name", source.name).member("state", ingest::to_string(source.state));
    if (!source.detail.empty()) w.member("detail", source.detail);
    w.end_object();
  }
  w.end_array().end_object();
  return w.take();
}

std::string to_text(const ingest::CycleReport& report) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& change : report.changes) {
    rows.push_back({std::string(ingest::to_string(change.action)), change.server, change.reason});
  }
  std::string out = render_table({"ACTION", "SERVER", "WHY"}, rows);
  for (const auto& source : report.sources) {
    out += fmt::format("source {}: {}{}\n", source.name, ingest::to_string(source.state),
                       source.detail.empty() ? "" : ": " + source.detail);
  }
  return out + fmt::format("catalog version {}, {:.1f} s\n", report.catalog_version,
                           static_cast<double>(report.duration.count()) / 1000);
}

// So that `search` finds by meaning too. Takes a minute for thousands of new tools, so the report
// comes first.
async::Co<> learn_meanings(Engine& engine) {
  if (!engine.enricher) co_return;
  engine.views->build_now();
  auto learned = co_await engine.enricher->run_once();
  if (learned) co_return;
  engine.log.warn("what tools mean was not learned; search goes by words",
                  {{"cause", learned.error().message}});
}

void print_report(const ingest::CycleReport& report, bool json) {
  print(json ? to_json(report) + "\n" : to_text(report));
  std::fflush(stdout);
}

async::Co<int> run(std::unique_ptr<Engine> engine, bool json) {
  auto outcome = co_await cycle(*engine);
  if (outcome) {
    print_report(outcome->report, json);
    co_await learn_meanings(*engine);
  } else {
    report_error(outcome.error(), json);
  }
  co_await engine->close(async::Deadline::in(kCloseTimeout));
  co_return outcome ? outcome->exit_code : 1;
}

}  // namespace

int run_ingest(const Config& config, const CommandLine& line, const Environment& environment,
               Logger& log) {
  async::Runtime runtime({}, log);
  auto engine = Engine::open(config, make_identity(config, environment), 0, "ingest", runtime, log);
  if (!engine) return report_error(engine.error(), line.json), 1;
  // A stop asked for by a signal ends the process at once: every write is a transaction.
  return runtime.run(run(*std::move(engine), line.json),
                     [](int signal) { std::_Exit(128 + signal); });
}

}  // namespace mcpo::app
