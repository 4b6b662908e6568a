// `ingest`: one cycle from the shell.
#include <fmt/format.h>

#include <cstdio>
#include <map>

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

async::Task<Outcome> cycle(Engine& engine) {
  CO_TRY(auto leaders, co_await engine.catalog->leaders());
  for (const catalog::Leader& leader : leaders) {
    if (leader.what != "serve") continue;
    co_return fail(Errc::conflict,
                   fmt::format("`mcp-optimizer serve` (process {}) already keeps the catalog in {} "
                               "up to date; ask it, or stop it first",
                               leader.pid, engine.config.data_dir));
  }
  std::vector<ingest::Change> listings;
  engine.fetch->on_outcome([&](const ingest::Change& change) { listings.push_back(change); });
  Outcome out;
  const SteadyTime start = engine.clock.now();
  out.report = co_await engine.cycle->run();
  std::erase_if(out.report.sources, [](const ingest::SourceReport& source) {
    return source.state == sources::ObservationState::absent;
  });
  if (out.report.sources.empty()) co_return fail(Errc::not_found, no_servers_text(engine));
  CO_CHECK_OK(co_await engine.fetch->wait_idle(async::Deadline::never()));
  engine.fetch->on_outcome({});
  if (engine.enricher) {
    engine.views->build_now();
    auto learned = co_await engine.enricher->run_once();
    if (!learned)
      engine.log.warn("what tools mean was not learned; search goes by words",
                      {{"cause", learned.error().message}});
  }
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
