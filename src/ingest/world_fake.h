// A ToolHive that exists only in memory: workloads and a registry that change at random, read
// through faults. It follows contracts/toolhive.md, and knows by construction which entry each
// workload is: its URLs and images are built from numbers, so that nothing has to be parsed.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "catalog/model.h"
#include "sources/source.h"

namespace mcpo::ingest {

inline const SourceInstance kSimulated{"toolhive", "simulated"};

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  int below(int n) { return static_cast<int>(engine_() % static_cast<std::uint64_t>(n)); }
  bool one_in(int n) { return below(n) == 0; }

 private:
  std::mt19937_64 engine_;
};

// A URL: who it is, and how it happens to be spelled.
struct Address {
  int host = 0;
  int path = 0;   // 0: none
  int query = 0;  // 0: none
  bool fits_template = false;
  int spelling = 0;  // 0: as the registry would write it
  auto place() const { return std::tuple(host, path, fits_template); }
  std::string text() const;
};

struct Image {
  int repository = 0;
  int tag = 0;
  bool spelled_out = false;
  std::string text() const;
};

struct SimWorkload {
  std::string name;
  bool remote = true;
  Address address;       // of a remote
  Image image;           // of a container
  std::string recorded;  // the entry that it was started from
  std::string group = "default";
  std::string status = "running";
  std::string created_at;
  int port = 0;
};

struct SimEntry {
  enum class Kind { remote, url_template, container };
  std::string name;
  Kind kind = Kind::remote;
  Address address;
  Image image;
  bool active = true;
  bool official = true;
  RegistryEntry entry() const;
};
using SimRegistry = std::map<std::string, SimEntry>;

struct World {
  std::map<std::string, SimWorkload> workloads;
  SimRegistry registry;
  int registry_updates = 0;  // its last_updated
  int events = 0;
  void change(Random& random);  // one event

 private:
  void create(Random& random, const std::string& name);
  void change_workload(Random& random, SimWorkload& workload);
  void change_registry(Random& random);
};

// The link that the match rules give, by trying every entry with every rule.
catalog::Link expected_link(const SimWorkload& workload, const SimRegistry& registry);
// The tools that it would list now.
std::string tool_of(const SimWorkload& workload);

enum class Read { list, details, exported, status, registry };
enum class Fault {
  none,
  http_500,
  http_404,
  html,
  truncated,
  hanging,
  closed,
  empty,          // an answer without content: {"workloads":null}, a registry without servers
  wrong_shape,    // JSON of another kind
  missing_items,  // a list without some of its items, an object without the member that matters
};
inline constexpr int kReads = 5;
inline constexpr int kFaults = 10;  // with none

// One fault at most for each read of a cycle; reads of one workload fail one by one.
struct Faults {
  std::array<Fault, kReads> of{};
  bool none() const { return of == std::array<Fault, kReads>{}; }
};

// Which faults met a read: [read][fault].
using FaultCounts = std::array<std::array<int, kFaults>, kReads>;

// The world as the source would report it. What was read once it remembers in the catalog.
sources::Observation observe(const World& world, const sources::History& history,
                             const Faults& faults, Random& random, FaultCounts& met);

}  // namespace mcpo::ingest
