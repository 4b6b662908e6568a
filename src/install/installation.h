// An installation as values: what is asked for, what came of it, and what the catalog adds to that.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "catalog/model.h"

namespace mcpo::install {

struct InstallRequest {
  std::string server_name;                 // of the registry: full, or short where that is unique
  std::string workload_name;               // empty: made from the registry's name
  std::string group;                       // empty: see choose_group
  std::map<std::string, std::string> env;  // variable or header -> value
  std::map<std::string, std::string> secrets;  // variable or header -> an existing secret's name
};

struct InstallResult {
  enum class Outcome {
    installed,   // created
    present,     // it was there before; nothing was created
    unfinished,  // being created, or not answering yet; it goes on without the caller
  };
  Outcome outcome = Outcome::installed;
  std::string entry;     // full registry name
  std::string workload;  // its name in ToolHive
  std::string group;
  std::string status;              // as ToolHive says; "starting" where it has not said yet
  std::string display_name;        // under which its tools are called; empty: not known yet
  std::vector<std::string> tools;  // names that are known by now, in the server's order
  std::vector<std::string> notes;  // for people, whole sentences: why it is not ready, what to do
};

struct InstallOptions {
  SourceInstance origin;                    // the ToolHive's, as in the catalog
  std::vector<std::string> allowed_groups;  // ALLOWED_GROUPS; empty: all
  int polling_attempts = 120;               // TARGETED_POLLING_MAX_ATTEMPTS, from the create on
  Millis polling_interval{1'000};           // TARGETED_POLLING_INTERVAL
  Millis answer_within{118'000};            // callers are promised an answer after 120 s
  Millis progress_interval{5'000};
  Millis longest_create{660'000};  // how long ToolHive may go on with a create, unheard of
};

// nullptr: the catalog has no such workload of that ToolHive.
const catalog::ServerEntry* find_workload(const catalog::Catalog& catalog,
                                          const SourceInstance& origin, const std::string& name);

// Fills in what the catalog knows of the workload (display name, tools, trouble), and a note on
// what its status means when that keeps it from being used.
void add_known(InstallResult& result, const catalog::Catalog& catalog,
               const SourceInstance& origin);

}  // namespace mcpo::install
