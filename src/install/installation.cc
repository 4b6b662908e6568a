#include "install/installation.h"

namespace mcpo::install {
namespace {

// What keeps a workload of that status from being used, and what ends it; empty: nothing does.
std::string status_note(const std::string& status, const std::string& workload) {
  if (status == "stopped") return "It is stopped; `thv start " + workload + "` starts it.";
  if (status == "starting") return "It is still starting; its tools can be found once it answers.";
  if (status == "unauthenticated") {
    return "It waits for a login in a browser on ToolHive's machine; `thv start " + workload +
           "` asks for it again.";
  }
  if (status == "error") {
    return "ToolHive could not start it; `thv logs " + workload + "` may say why. To try again, " +
           "remove it with `thv rm " + workload + "` and call install_server once more.";
  }
  if (status == "policy_stopped") return "A policy of ToolHive has stopped it.";
  if (catalog::is_offered_status(status)) return "";
  return "Its tools cannot be called while it is " + status + ".";
}

}  // namespace

const catalog::ServerEntry* find_workload(const catalog::Catalog& catalog,
                                          const SourceInstance& origin, const std::string& name) {
  return catalog.find({origin, "", name});
}

void add_known(InstallResult& result, const catalog::Catalog& catalog,
               const SourceInstance& origin) {
  const std::string note = status_note(result.status, result.workload);
  if (!note.empty()) result.notes.push_back(note);
  const catalog::ServerEntry* known = find_workload(catalog, origin, result.workload);
  if (known == nullptr) return;
  result.display_name = known->server.display_name;
  for (const catalog::CatalogTool& tool : *known->tools) result.tools.push_back(tool.name);
  if (known->server.degraded) {
    result.notes.push_back("It does not answer as it should: " + known->server.degraded.reason +
                           ".");
  }
}

}  // namespace mcpo::install
