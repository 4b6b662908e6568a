#include "ingest/world_fake.h"

#include <algorithm>
#include <set>

#include "catalog/change_set.h"

namespace mcpo::ingest {
namespace {

using catalog::Link;
using catalog::MatchRule;
using sources::ObservationState;

constexpr int kHosts = 4;
constexpr int kSpellings = 6;
constexpr const char* kTemplate = "https://{tenant}.tpl.test/{region}/mcp";

Address any_address(Random& random) {
  Address out{random.below(kHosts), random.below(3), random.one_in(4) ? 1 : 0, random.one_in(5), 0};
  if (random.one_in(3)) out.spelling = random.below(kSpellings);
  return out;
}

Image any_image(Random& random) { return {random.below(3), random.below(3), random.one_in(3)}; }

std::string any_name(Random& random, const char* stem, int count) {
  const int n = random.below(count);
  return stem + std::string(static_cast<std::size_t>(n % 3), 'x') + std::to_string(n);
}

std::string any_status(Random& random) {
  constexpr std::array kStatuses{"running", "running", "stopped", "unhealthy", "hibernating", ""};
  return kStatuses[static_cast<std::size_t>(random.below(static_cast<int>(kStatuses.size())))];
}

bool url_hits(MatchRule rule, const Address& workload, const SimEntry& entry) {
  if (entry.kind == SimEntry::Kind::url_template) {
    return rule == MatchRule::url_template && workload.fits_template;
  }
  if (entry.kind != SimEntry::Kind::remote) return false;
  const bool same_place = workload.place() == entry.address.place();
  if (rule == MatchRule::exact) return workload.text() == entry.address.text();
  if (rule == MatchRule::normalized) return same_place && workload.query == entry.address.query;
  return rule == MatchRule::without_query && same_place && entry.address.query == 0;
}

bool image_hits(MatchRule rule, const Image& workload, const SimEntry& entry) {
  if (entry.kind != SimEntry::Kind::container) return false;
  const bool same = workload.repository == entry.image.repository;
  if (rule == MatchRule::exact) return workload.text() == entry.image.text();
  if (rule == MatchRule::normalized) return same && workload.tag == entry.image.tag;
  return rule == MatchRule::version_differs && same;
}

bool better(const SimEntry& a, const SimEntry& b, const std::string& recorded) {
  auto order = [&](const SimEntry& entry) {
    return std::tuple(entry.name == recorded ? 0 : 1, entry.active ? 0 : 1, entry.official ? 0 : 1,
                      entry.name.size(), entry.name);
  };
  return order(a) < order(b);
}

}  // namespace

std::string Address::text() const {
  std::string name = fits_template ? "acme" + std::to_string(host) + ".tpl.test"
                                   : "h" + std::to_string(host) + ".test";
  if (spelling == 1)
    std::ranges::transform(name, name.begin(), [](char c) {
      return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    });
  std::string out = spelling == 2 ? "https://ada:secret@" + name : "https://" + name;
  if (spelling == 3) out += ":443";
  if (fits_template) {
    out += "/r" + std::to_string(path) + "/mcp";
  } else if (path > 0) {
    out += "/p" + std::to_string(path);
  }
  if (spelling == 4) out += "/";
  if (query > 0) out += "?key=" + std::to_string(query);
  if (spelling == 5) out += "#part";
  return out;
}

std::string Image::text() const {
  return std::string(spelled_out ? "docker.io/" : "") + "user" + std::to_string(repository) +
         "/server:" + std::to_string(tag);
}

RegistryEntry SimEntry::entry() const {
  RegistryEntry out;
  out.name = name;
  out.status = active ? "Active" : "Deprecated";
  out.tier = official ? "Official" : "Community";
  out.remote = kind != Kind::container;
  if (kind == Kind::remote) out.url = address.text();
  if (kind == Kind::url_template) out.url = kTemplate;
  if (kind == Kind::container) out.image = image.text();
  out.tools = {{"tool", "{\"name\":\"tool\"}"}};
  return out;
}

void World::create(Random& random, const std::string& name) {
  SimWorkload& workload = workloads[name];
  workload = {.name = name, .remote = !random.one_in(3)};
  workload.address = any_address(random);
  workload.image = any_image(random);
  if (random.one_in(3)) workload.recorded = any_name(random, "entry-", 8);
  workload.created_at = "t" + std::to_string(events);
  workload.port = 1000 + events;
}

void World::change(Random& random) {
  ++events;
  if (random.one_in(4)) return change_registry(random);
  const std::string name = any_name(random, "w-", 7);
  const auto found = workloads.find(name);
  if (found == workloads.end()) return create(random, name);
  change_workload(random, found->second);
}

void World::change_workload(Random& random, SimWorkload& workload) {
  const std::string name = workload.name;
  switch (random.below(7)) {
    case 0:
      workloads.erase(name);
      return;
    case 1:  // made anew under its name
      return create(random, name);
    case 2: {  // made anew under another name
      SimWorkload renamed = workload;
      workloads.erase(name);
      renamed.name = any_name(random, "w-", 7);
      renamed.created_at = "t" + std::to_string(events);
      workloads[renamed.name] = renamed;
      return;
    }
    case 3:
      workload.address = any_address(random);
      return;
    case 4:
      workload.group = random.one_in(2) ? "default" : "work";
      return;
    case 5:  // restarted: another port
      workload.port = 1000 + events;
      return;
    default:
      workload.status = any_status(random);
  }
}

void World::change_registry(Random& random) {
  ++registry_updates;
  if (random.one_in(12)) return registry.clear();
  const std::string name = any_name(random, "entry-", 8);
  if (registry.contains(name) && random.one_in(3)) {
    registry.erase(name);
    return;
  }
  SimEntry& entry = registry[name];
  entry = {.name = name};
  if (random.one_in(6)) entry.kind = SimEntry::Kind::url_template;
  if (random.one_in(3)) entry.kind = SimEntry::Kind::container;
  entry.address = any_address(random);
  entry.image = any_image(random);
  entry.active = !random.one_in(4);
  entry.official = !random.one_in(3);
}

Link expected_link(const SimWorkload& workload, const SimRegistry& registry) {
  for (const MatchRule rule : {MatchRule::exact, MatchRule::normalized, MatchRule::without_query,
                               MatchRule::url_template, MatchRule::version_differs}) {
    std::vector<SimEntry> hits;
    for (const auto& [name, entry] : registry) {
      if (workload.remote ? url_hits(rule, workload.address, entry)
                          : image_hits(rule, workload.image, entry)) {
        hits.push_back(entry);
      }
    }
    if (hits.empty()) continue;
    std::ranges::sort(
        hits, [&](const auto& a, const auto& b) { return better(a, b, workload.recorded); });
    Link out{hits.front().name, rule, {}};
    for (std::size_t i = 1; i < hits.size(); ++i) out.others.push_back(hits[i].name);
    return out;
  }
  if (!registry.contains(workload.recorded)) return {};
  return {workload.recorded, MatchRule::recorded, {}};
}

std::string tool_of(const SimWorkload& workload) {
  return "tool of " + (workload.remote ? workload.address.text() : workload.image.text()) + " " +
         workload.created_at;
}

namespace {

// One cycle's reads.
struct Reading {
  const World& world;
  const sources::History& history;
  const Faults& faults;
  Random& random;
  FaultCounts& met;
  sources::Observation out{.origin = kSimulated, .state = ObservationState::complete};
  std::set<std::string> listed;

  // What happens to one read now.
  Fault fault_of(Read read) {
    const Fault fault = faults.of[static_cast<std::size_t>(read)];
    auto& times = met[static_cast<std::size_t>(read)][static_cast<std::size_t>(fault)];
    if (fault != Fault::none) ++times;
    return fault;
  }
  // The same, where many workloads are read one by one: half of them are met.
  Fault fault_of_one(Read read) { return random.one_in(2) ? fault_of(read) : Fault::none; }

  void unreadable(const std::string& name, std::string why,
                  std::optional<sources::Workload> what_the_list_said) {
    out.state = ObservationState::partial;
    out.unreadable.push_back({"", name, std::move(why), std::move(what_the_list_said)});
  }
  bool is_same(const SimWorkload& workload) const {
    return std::ranges::any_of(history.servers, [&](const auto& server) {
      return server.name == workload.name && server.created_at == workload.created_at;
    });
  }
};

// Once for a workload at its URL. Not being read is no trouble: what was recorded for the same
// workload before its URL changed is the best guess.
void read_recording(Reading& reading, const SimWorkload& workload, sources::Workload& seen) {
  const std::string key = "export:" + workload.name;
  const std::string is = workload.created_at + " ";
  const std::string at = is + seen.upstream_url + seen.image + " ";
  const auto known = reading.history.memory.find(key);
  const std::string old = known == reading.history.memory.end() ? "" : known->second;
  if (!old.starts_with(at) && reading.fault_of_one(Read::exported) == Fault::none) {
    reading.out.memory[key] = at + workload.recorded;
    seen.recorded_entry = workload.recorded;
  } else if (old.starts_with(is)) {
    seen.recorded_entry = old.substr(old.rfind(' ') + 1);
  }
}

void read_workload(Reading& reading, const SimWorkload& workload) {
  sources::Workload seen;
  seen.name = workload.name;
  seen.group = workload.group;
  seen.status = workload.status;
  seen.transport = "streamable-http";
  seen.url = "http://127.0.0.1:" + std::to_string(workload.port);
  seen.created_at = workload.created_at;
  mcp::StdioSpec spec;
  spec.command = seen.url;
  seen.spec = spec;
  if (workload.remote && reading.fault_of_one(Read::details) != Fault::none) {
    // Its port may have been given to another one.
    if (!reading.is_same(workload)) seen.spec.reset();
    return reading.unreadable(workload.name, "details", seen);
  }
  if (workload.remote) seen.upstream_url = workload.address.text();
  if (!workload.remote) seen.image = workload.image.text();
  // Stands for the redacted form: what it is, without what is secret in it.
  seen.identity = workload.remote ? "place " + std::to_string(workload.address.host) : seen.image;
  read_recording(reading, workload, seen);
  reading.out.workloads.push_back(std::move(seen));
}

// A 404 is ToolHive's word that a workload is gone: for one that exists it is no fault of a read.
void ask_by_name(Reading& reading) {
  for (const auto& server : reading.history.servers) {
    if (reading.listed.contains(server.name)) continue;
    // The time for all questions may be over before one is asked.
    if (!reading.faults.none() && reading.random.one_in(6)) continue;
    const Fault fault = reading.fault_of_one(Read::status);
    if (fault != Fault::none && fault != Fault::http_404) {
      reading.unreadable(server.name, "not listed; status unreadable", {});
    } else if (reading.world.workloads.contains(server.name)) {
      reading.unreadable(server.name, "not listed, but there", {});
    } else {
      reading.out.gone.push_back({"", server.name, "404", {}});
      reading.out.memory["export:" + server.name] = std::nullopt;
    }
  }
}

void read_list(Reading& reading) {
  const Fault fault = reading.fault_of(Read::list);
  const bool answered =
      fault == Fault::none || fault == Fault::empty || fault == Fault::missing_items;
  if (!answered) {
    reading.out.state = ObservationState::unavailable;
    reading.out.detail = "list: fault " + std::to_string(static_cast<int>(fault));
    return;
  }
  for (const auto& [name, workload] : reading.world.workloads) {
    if (fault == Fault::empty) break;
    if (fault == Fault::missing_items && reading.random.one_in(2)) continue;
    reading.listed.insert(name);
    read_workload(reading, workload);
  }
  ask_by_name(reading);
}

// Read when last_updated moved. A registry with fewer entries than it says it has is not taken, and
// an empty one is asked for again until it is believed.
void read_registry(Reading& reading) {
  const std::string updated = std::to_string(reading.world.registry_updates);
  const auto known = reading.history.memory.find("updated");
  if (known != reading.history.memory.end() && known->second == updated) return;
  const Fault fault = reading.fault_of(Read::registry);
  if (fault != Fault::none && fault != Fault::empty) {
    reading.out.registry_problem = "registry: fault " + std::to_string(static_cast<int>(fault));
    return;
  }
  sources::RegistryReading read{updated, {}};
  if (fault == Fault::none) {
    for (const auto& [name, entry] : reading.world.registry) read.entries.push_back(entry.entry());
  }
  reading.out.memory["updated"] =
      read.entries.empty() ? std::nullopt : std::optional<std::string>(updated);
  reading.out.registry = std::move(read);
}

}  // namespace

sources::Observation observe(const World& world, const sources::History& history,
                             const Faults& faults, Random& random, FaultCounts& met) {
  Reading reading{world, history, faults, random, met};
  read_registry(reading);
  read_list(reading);
  return std::move(reading.out);
}

}  // namespace mcpo::ingest
