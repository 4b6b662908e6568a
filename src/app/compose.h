// The one place that knows concrete classes: builds the program from a Config. Everything that the
// parts share is owned here, in the order in which it must go.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "app/config.h"
#include "app/semantics.h"
#include "async/runtime.h"
#include "catalog/live_catalog.h"
#include "gateway/call_tool.h"
#include "gateway/embedding_book.h"
#include "gateway/enricher.h"
#include "gateway/query_maker.h"
#include "gateway/toolset.h"
#include "gateway/usage_memory.h"
#include "gateway/view_follower.h"
#include "http/client.h"
#include "ingest/cycle.h"
#include "mcp/client.h"
#include "sources/source.h"
#include "sources/toolhive/toolhive_source.h"
#include "upstream/pool.h"

namespace mcpo::app {

// Who we are towards our own servers; see upstream/self.h.
struct Identity {
  std::string instance;  // random, or the outer optimizer's when we are its loop
  std::string binary;    // canonical path of our executable; also the children's supervisor
  bool inside_ourselves = false;  // started by an optimizer on the same configuration
};
Identity make_identity(const Config& config, const Environment& environment);

// Sources that `config` asks for, as instances; which part of a catalog is ours.
std::set<SourceInstance> source_instances(const Config& config);

// Whether the user said where servers come from, or a file at its usual place does.
bool names_a_source(const Config& config);
// ALLOWED_GROUPS, for gateway::Visibility.
std::set<std::string> group_set(const Config& config);

// The client side and ingestion; what `serve` and `ingest` share. On the I/O thread.
struct Engine {
  Config config;
  Identity identity;
  async::Runtime& runtime;
  Logger& log;
  SystemClock clock;
  std::string role;  // "serve" or "ingest": what other processes are told

  ingest::ActivityMap activity;
  std::unique_ptr<catalog::LiveCatalog> catalog;
  std::unique_ptr<http::Client> http;
  std::string hash_key;  // of what must not be guessed from the database; a file beside it
  std::vector<std::unique_ptr<sources::Source>> sources;
  sources::toolhive::ToolHiveSource* toolhive = nullptr;  // one of them, or null
  std::unique_ptr<mcp::Connector> connector;
  upstream::Directory directory;
  std::unique_ptr<upstream::Pool> pool;
  std::unique_ptr<ingest::ToolFetch> fetch;
  std::unique_ptr<ingest::Cycle> cycle;
  gateway::EmbeddingBook embeddings;
  std::unique_ptr<gateway::ViewFollower> views;
  Semantics semantics;
  std::unique_ptr<gateway::QueryMaker> queries;
  std::unique_ptr<gateway::Enricher> enricher;  // null where search goes by words only
  std::unique_ptr<gateway::UsageMemory> usage;  // null there, and unless LEARN_FROM_USAGE is on

  // Opens the catalog (creating it) and publishes its first view; contacts nobody. `port` is where
  // we listen, 0: nowhere. Errors: what a user can do something about, with what to do.
  static Result<std::unique_ptr<Engine>> open(Config config, Identity identity, std::uint16_t port,
                                              std::string role, async::Runtime& runtime,
                                              Logger& log);
  // Ends sessions and writes what is only in memory.
  async::Co<> close(async::Deadline deadline);
  // Whether this process writes what all sources say.
  bool leads() const;

 private:
  Engine(Config c, Identity i, std::string r, async::Runtime& rt, Logger& l);
  Result<void> open_catalog();
  void make_sources(std::uint16_t port);
  void make_toolhive(const sources::IsOurselves& is_ourselves);
  void make_upstream();
  Result<void> make_ingestion();
  void make_search();
};

}  // namespace mcpo::app
