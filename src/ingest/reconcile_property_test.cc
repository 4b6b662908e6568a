// Random histories of a ToolHive, with faults at every read, against the invariants of DESIGN
// section 2. MCPO_PROPERTY_SEED and MCPO_PROPERTY_HISTORIES make other and longer runs.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <set>

#include "catalog/store.h"
#include "ingest/plan_listing.h"
#include "ingest/reconcile.h"
#include "ingest/world_fake.h"

namespace mcpo::ingest {
namespace {

using catalog::Catalog;
using catalog::Server;
using sources::ObservationState;

// Where a history keeps its catalog: in a real store, or in memory alone.
class Keeper {
 public:
  explicit Keeper(bool in_a_file) {
    if (!in_a_file) return;
    std::string name = testing::TempDir() + "property-XXXXXX";
    folder_ = ::mkdtemp(name.data());
    reopen();
  }
  ~Keeper() {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;

  void apply(const catalog::ChangeSet& changes) {
    if (changes.empty()) return;
    catalog = store_ ? store_->apply(catalog, changes).value()
                     : catalog::apply(catalog, changes, next_id_);
  }
  // What a new process finds.
  void reopen() {
    if (folder_.empty()) return;
    store_ = nullptr;
    store_ =
        catalog::open_sqlite_store(folder_ + "/catalog.db", catalog::OpenMode::create_if_missing)
            .value();
    catalog = store_->read_all().value();
  }

  Catalog catalog;

 private:
  std::string folder_;
  std::unique_ptr<catalog::Store> store_;
  std::int64_t next_id_ = 1;
};

// A world, a process that watches it, and what must always hold.
class History {
 public:
  History(std::uint64_t seed, bool in_a_file) : random_(seed), keeper_(in_a_file) {
    for (int i = 0; i < 12; ++i) world_.change(random_);
  }

  void live() {
    for (int i = random_.below(4); i > 0; --i) world_.change(random_);
    if (random_.one_in(10)) restart();
  }
  void cycle(const Faults& faults, FaultCounts& met);
  void take_world_of(const History& other) { world_ = other.world_; }

  const Catalog& catalog() const { return keeper_.catalog; }
  const std::string& problem() const { return problem_; }
  int cycles() const { return cycles_; }

 private:
  void restart();
  Plan make_plan(const sources::Observation& seen, const Catalog& catalog);
  sources::History known() const;
  void list_tools(const Plan& plan, bool surely);
  const Server* server(const std::string& name) const;

  // What should come of an observation, computed on its own.
  void expect(const sources::Observation& seen);
  void check_existing(const Catalog& before);
  void check_gone(const sources::Observation& seen);
  void check_links(const sources::Observation& seen, const Catalog& before);
  void check_again(const sources::Observation& seen);
  void wrong(const std::string& what) {
    if (problem_.empty()) problem_ = "cycle " + std::to_string(cycles_) + ": " + what;
  }

  Random random_;
  World world_;
  Keeper keeper_;
  ActivityMap activity_;
  MatchIndexes indexes_;
  WallTime now_{1'700'000'000'000};
  int cycles_ = 0;
  std::string problem_;

  SimRegistry registry_;         // what the process should believe
  bool empty_registry_ = false;  // the last answer was empty for the first time
  bool empty_list_ = false;      // the last list that was read had nothing
  bool doubtful_ = false;        // this cycle's list or registry is suddenly empty
  bool doubtful_list_ = false;
};

sources::History History::known() const {
  sources::History out;
  for (const auto& [id, entry] : catalog().servers) {
    out.servers.push_back({"", entry->server.key.name, entry->server.created_at});
  }
  const auto memory = catalog().memory.find(kSimulated);
  if (memory != catalog().memory.end()) out.memory = memory->second;
  return out;
}

const Server* History::server(const std::string& name) const {
  const catalog::ServerEntry* entry = catalog().find({kSimulated, "", name});
  return entry == nullptr ? nullptr : &entry->server;
}

void History::restart() {
  activity_.clear();
  indexes_ = MatchIndexes();
  keeper_.reopen();
}

Plan History::make_plan(const sources::Observation& seen, const Catalog& catalog) {
  const Policy policy{.visible_origins = {kSimulated}};
  const ConnectionHash hash = [](const mcp::ConnectionSpec& spec, std::string_view url) {
    return std::get<mcp::StdioSpec>(spec).command + " " + std::string(url);
  };
  return plan({seen, catalog, activity_, policy, now_, hash, indexes_});
}

void History::cycle(const Faults& faults, FaultCounts& met) {
  ++cycles_;
  now_.unix_ms += 1'000;
  const auto seen = observe(world_, known(), faults, random_, met);
  expect(seen);
  const Catalog before = catalog();
  const Plan plan = make_plan(seen, before);
  if (!plan.changes.tools.empty()) wrong("a plan touched tools");
  keeper_.apply(plan.changes);
  check_existing(before);
  check_gone(seen);
  check_links(seen, before);
  check_again(seen);
  list_tools(plan, faults.none());
}

void History::expect(const sources::Observation& seen) {
  doubtful_ = false;
  if (seen.registry) {
    const bool empty = seen.registry->entries.empty();
    const bool doubtful = empty && !registry_.empty() && !empty_registry_;
    if (!doubtful) registry_ = empty ? SimRegistry{} : world_.registry;
    empty_registry_ = doubtful;
    doubtful_ = doubtful;
  }
  doubtful_list_ = false;
  if (seen.state == ObservationState::unavailable) return;
  bool nothing = seen.workloads.empty();
  for (const auto& entry : seen.unreadable) nothing = nothing && !entry.listed;
  doubtful_list_ = nothing && !catalog().servers.empty() && !empty_list_;
  doubtful_ = doubtful_ || doubtful_list_;
  empty_list_ = nothing && !catalog().servers.empty();
}

void History::check_existing(const Catalog& before) {
  for (const auto& [id, entry] : before.servers) {
    const std::string& name = entry->server.key.name;
    if (server(name) != nullptr) continue;
    if (world_.workloads.contains(name)) wrong(name + " was lost");
    if (doubtful_list_) wrong(name + " was removed by a list that is suddenly empty");
  }
}

void History::check_gone(const sources::Observation& seen) {
  if (seen.state == ObservationState::unavailable || doubtful_list_) return;
  for (const auto& entry : seen.gone) {
    if (server(entry.name) != nullptr) wrong(entry.name + " is gone and stays");
  }
}

void History::check_links(const sources::Observation& seen, const Catalog& before) {
  std::set<std::string> readable;
  for (const sources::Workload& workload : seen.workloads) {
    readable.insert(workload.name);
    SimWorkload facts = world_.workloads.at(workload.name);
    facts.recorded = workload.recorded_entry;  // as far as it could be read
    const Server* row = server(workload.name);
    if (row == nullptr) return wrong(workload.name + " was not taken in");
    if (row->link != expected_link(facts, registry_)) wrong(workload.name + ": wrong link");
    if (row->stale) wrong(workload.name + " is stale although it was read");
  }
  for (const auto& [id, entry] : before.servers) {
    const Server* row = server(entry->server.key.name);
    if (row == nullptr || readable.contains(row->key.name)) continue;
    const bool entry_is_there = registry_.contains(entry->server.link.registry_entry);
    const std::string expected = entry_is_there ? entry->server.link.registry_entry : "";
    if (row->link.registry_entry != expected) wrong(row->key.name + ": its link did not stay");
    if (!row->stale && seen.state != ObservationState::unavailable) {
      wrong(row->key.name + " was not read and is not stale");
    }
  }
}

void History::check_again(const sources::Observation& seen) {
  if (doubtful_) return;
  now_.unix_ms += 1'000;
  if (!make_plan(seen, catalog()).changes.empty()) wrong("the same again is a change");
}

// As ToolFetch does it.
void History::list_tools(const Plan& plan, bool surely) {
  for (const ListingDue& due : plan.listings) {
    const auto workload = world_.workloads.find(due.key.name);
    Result<mcp::ToolList> listed = fail(Errc::unavailable, "does not answer");
    if (workload != world_.workloads.end() && (surely || !random_.one_in(4))) {
      const std::string name = tool_of(workload->second);
      listed = mcp::ToolList{};
      listed->tools.push_back({"{\"name\":\"" + name + "\"}", name, "", ""});
    }
    Activity& activity = activity_[due.key];
    activity.listing_failed = !listed;
    if (listed) activity.tools_listed_at = now_;
    keeper_.apply(plan_listing(catalog(), due, listed, now_).changes);
    // A process may end between two listings.
    if (!surely && random_.one_in(40)) return restart();
  }
}

// Everything but ids, times and versions, as text.
std::string portrait(const Catalog& catalog) {
  std::map<std::string, std::string> servers;
  for (const auto& [id, entry] : catalog.servers) {
    const Server& s = entry->server;
    std::string& text = servers[s.key.name];
    for (const std::string& part :
         {s.display_name, s.group, s.status, s.transport, s.url, s.identity, s.created_at,
          s.connection_hash, s.link.registry_entry, std::string(to_string(s.link.rule)),
          s.stale.reason, s.degraded.reason}) {
      text += part + " | ";
    }
    for (const std::string& other : s.link.others) text += other + ", ";
    // What does not run now may have been seen running, or not.
    if (!catalog::is_offered_status(s.status)) continue;
    for (const auto& tool : *entry->tools) text += tool.definition;
  }
  std::string out;
  for (const auto& [name, text] : servers) out += name + " | " + text + "\n";
  for (const auto& [origin, registry] : catalog.registries) {
    for (const auto& [name, entry] : *registry) out += name + entry->url + entry->image + "\n";
  }
  for (const auto& [origin, memory] : catalog.memory) {
    for (const auto& [key, value] : memory) out += key + "=" + value + "\n";
  }
  return out;
}

struct Totals {
  FaultCounts met{};
  int histories = 0;
  int cycles = 0;
};

// A history ends in two cycles without faults: then the catalog is that of a process which has
// never seen anything else.
void run(std::uint64_t seed, const std::vector<Faults>& script, Totals& totals) {
  History history(seed, seed % 8 == 0);
  for (const Faults& faults : script) {
    history.live();
    history.cycle(faults, totals.met);
  }
  History fresh(seed + 1, false);
  fresh.take_world_of(history);
  for (int i = 0; i < 2; ++i) {
    history.cycle({}, totals.met);
    fresh.cycle({}, totals.met);
  }
  ASSERT_EQ(history.problem(), "") << "seed " << seed;
  ASSERT_EQ(fresh.problem(), "") << "seed " << seed;
  ASSERT_EQ(portrait(history.catalog()), portrait(fresh.catalog())) << "seed " << seed;
  ++totals.histories;
  totals.cycles += history.cycles() + fresh.cycles();
}

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

void print(const char* what, const Totals& totals) {
  int pairs = 0;
  int faults = 0;
  for (const auto& read : totals.met) {
    for (const int times : read) {
      pairs += times > 0 ? 1 : 0;
      faults += times;
    }
  }
  std::cout << what << ": " << totals.histories << " histories, " << totals.cycles << " cycles, "
            << pairs << " pairs of read and fault, " << faults << " faults met\n";
}

// Nobody is asked for by name while the list is whole.
Faults only(Read read, Fault fault) {
  Faults out;
  out.of[static_cast<std::size_t>(read)] = fault;
  if (read == Read::status) out.of[static_cast<std::size_t>(Read::list)] = Fault::missing_items;
  return out;
}

TEST(ReconcileProperty, EachReadWithEachFault) {
  Totals totals;
  std::uint64_t seed = from_environment("MCPO_PROPERTY_SEED", 1) * 1'000'000;
  for (int read = 0; read < kReads; ++read) {
    for (int fault = 1; fault < kFaults; ++fault) {
      for (int history = 0; history < 4; ++history) {
        Random random(++seed);
        std::vector<Faults> script(12);
        for (Faults& faults : script) {
          if (random.one_in(2)) faults = only(Read{read}, Fault{fault});
        }
        ASSERT_NO_FATAL_FAILURE(run(seed, script, totals));
      }
      EXPECT_GT(totals.met[static_cast<std::size_t>(read)][static_cast<std::size_t>(fault)], 0)
          << "read " << read << " never met fault " << fault;
    }
  }
  print("one fault at a time", totals);
}

TEST(ReconcileProperty, AllFaultsAtOnce) {
  Totals totals;
  std::uint64_t seed = from_environment("MCPO_PROPERTY_SEED", 1) * 1'000'000 + 500'000;
  const std::uint64_t histories = from_environment("MCPO_PROPERTY_HISTORIES", 150);
  for (std::uint64_t i = 0; i < histories; ++i) {
    Random random(++seed);
    std::vector<Faults> script(static_cast<std::size_t>(5 + random.below(20)));
    for (Faults& faults : script) {
      for (Fault& fault : faults.of) {
        if (random.one_in(3)) fault = Fault{1 + random.below(kFaults - 1)};
      }
    }
    ASSERT_NO_FATAL_FAILURE(run(seed, script, totals));
  }
  print("all faults at once", totals);
}

}  // namespace
}  // namespace mcpo::ingest
