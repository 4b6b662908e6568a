// What a cycle over 300 servers costs when nothing changed: the decision alone, the matching alone,
// and what reaches the database. 110 registry entries, 100 of the servers remote.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <filesystem>

#include "catalog/store.h"
#include "ingest/match.h"
#include "ingest/reconcile.h"

namespace mcpo::ingest {
namespace {

constexpr int kServers = 300;
constexpr int kRemote = 100;
constexpr int kEntries = 110;
const SourceInstance kToolhive{"toolhive", "bench"};
constexpr WallTime kNow{1'700'000'000'000};

std::vector<RegistryEntry> entries() {
  std::vector<RegistryEntry> out(kEntries);
  for (int i = 0; i < kEntries; ++i) {
    RegistryEntry& entry = out[static_cast<std::size_t>(i)];
    entry.name = "io.github.stacklok/server-" + std::to_string(i);
    entry.remote = i % 3 == 0;
    if (entry.remote) {
      entry.url = "https://mcp.vendor" + std::to_string(i) + ".test/mcp";
    } else {
      entry.image = "ghcr.io/stacklok/dockyard/npx/server-" + std::to_string(i) + ":1.0.0";
    }
  }
  return out;
}

// Every second one is in the registry, remote ones with a key in the query.
sources::Workload workload(int i) {
  sources::Workload out;
  out.name = "workload-" + std::to_string(i);
  out.transport = "streamable-http";
  out.url = "http://127.0.0.1:" + std::to_string(20'000 + i) + "/mcp";
  out.created_at = "2026-11-24T13:28:05Z";
  mcp::StdioSpec spec;
  spec.command = out.url;
  out.spec = spec;
  const std::string n = std::to_string(i % (2 * kEntries));
  if (i < kRemote) {
    out.upstream_url = "https://mcp.vendor" + n + ".test/mcp?key=secret" + n;
    out.identity = "https://mcp.vendor" + n + ".test/mcp?key=***";
  } else {
    out.image = out.identity = "ghcr.io/stacklok/dockyard/npx/server-" + n + ":0.9." + n;
  }
  return out;
}

struct Setting {
  catalog::Catalog catalog;
  sources::Observation seen{.origin = kToolhive, .state = sources::ObservationState::complete};
  ActivityMap activity;
  Policy policy{.visible_origins = {kToolhive}};
  MatchIndexes indexes;
  // As Cycle makes it.
  ConnectionHash hash = [](const mcp::ConnectionSpec& spec, std::string_view url) {
    return keyed_hash("key", mcp::fingerprint_text(spec) + std::string(url));
  };

  Setting() {
    for (int i = 0; i < kServers; ++i) seen.workloads.push_back(workload(i));
    seen.registry = sources::RegistryReading{"today", entries()};
  }
  Plan plan() { return ingest::plan({seen, catalog, activity, policy, kNow, hash, indexes}); }
};

// A catalog that has seen `setting` before, in the file at `path`.
std::unique_ptr<catalog::Store> learn(Setting& setting, const std::string& path) {
  auto store = catalog::open_sqlite_store(path, catalog::OpenMode::create_if_missing).value();
  setting.catalog = store->apply(setting.catalog, setting.plan().changes).value();
  catalog::ChangeSet listed;
  for (const auto& [id, entry] : setting.catalog.servers) {
    listed.upserts.push_back(entry->server);
    listed.upserts.back().tools_listed_at = kNow;
  }
  setting.catalog = store->apply(setting.catalog, listed).value();
  setting.seen.registry.reset();
  return store;
}

std::uintmax_t bytes_in(const std::string& folder) {
  std::uintmax_t out = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    if (!file.path().string().ends_with("-shm")) out += file.file_size();
  }
  return out;
}

void unchanged_cycle(benchmark::State& state) {
  std::string folder = (std::filesystem::temp_directory_path() / "ingest-bench-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) return state.SkipWithError("no temporary folder");
  Setting setting;
  const auto store = learn(setting, folder + "/catalog.db");
  const std::uintmax_t before = bytes_in(folder);
  std::size_t changes = 0;
  std::size_t listings = 0;
  for (auto _ : state) {
    const Plan plan = setting.plan();
    changes += plan.changes.empty() ? 0 : 1;
    listings += plan.listings.size();
    if (!plan.changes.empty()) (void)store->apply(setting.catalog, plan.changes);  // as Cycle does
  }
  state.counters["servers"] = kServers;
  state.counters["cycles_with_changes"] = static_cast<double>(changes);
  state.counters["listings"] = static_cast<double>(listings);
  state.counters["bytes_written"] = static_cast<double>(bytes_in(folder) - before);
  std::filesystem::remove_all(folder);
}
BENCHMARK(unchanged_cycle)->Unit(benchmark::kMicrosecond);

void match_all(benchmark::State& state) {
  const MatchIndex index(catalog::make_registry(entries(), nullptr));
  std::vector<sources::Workload> workloads;
  for (int i = 0; i < kServers; ++i) workloads.push_back(workload(i));
  for (auto _ : state) {
    for (const sources::Workload& w : workloads) {
      benchmark::DoNotOptimize(index.match({w.upstream_url, w.image, w.recorded_entry}));
    }
  }
  state.SetItemsProcessed(state.iterations() * kServers);
}
BENCHMARK(match_all)->Unit(benchmark::kMicrosecond);

void build_index(benchmark::State& state) {
  const auto registry = catalog::make_registry(entries(), nullptr);
  for (auto _ : state) benchmark::DoNotOptimize(MatchIndex(registry).registry());
}
BENCHMARK(build_index)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace mcpo::ingest
