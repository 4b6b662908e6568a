// `servers`, `tools`: they only read the stored catalog.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "app/commands.h"
#include "app/output.h"
#include "app/stored_view.h"
#include "app/table.h"
#include "base/json.h"
#include "base/text.h"
#include "gateway/view.h"

namespace mcpo::app {
namespace {

void optional_time(JsonWriter& w, std::string_view name, WallTime time) {
  if (time) w.member(name, to_rfc3339(time));
}

void append_server(JsonWriter& w, const gateway::ViewServer& server) {
  const catalog::Server& row = server.server();
  w.begin_object().member("name", row.display_name).member("source", row.key.origin.source);
  optional_member(w, "namespace", row.key.namespace_name);
  w.member("group", row.group).member("status", row.status).member("transport", row.transport);
  optional_member(w, "url", row.url);
  w.member_number("tools", static_cast<std::int64_t>(server.prepared->sorted.size()));
  optional_member(w, "identity", row.identity);
  optional_member(w, "registry_entry", row.link.registry_entry);
  optional_member(w, "match_rule", std::string(catalog::to_string(row.link.rule)));
  if (!row.link.others.empty()) {
    w.key("registry_candidates").begin_array();
    for (const std::string& other : row.link.others) w.string(other);
    w.end_array();
  }
  optional_time(w, "stale_since", row.stale.since);
  optional_member(w, "stale_reason", row.stale.reason);
  optional_time(w, "degraded_since", row.degraded.since);
  optional_member(w, "degraded_reason", row.degraded.reason);
  optional_time(w, "last_success", row.last_success);
  optional_member(w, "created_at", row.created_at);
  w.end_object();
}

// "fetch (version_differs)"
std::string describe_link(const catalog::Link& link) {
  if (link.registry_entry.empty()) return "";
  return link.registry_entry + " (" + std::string(catalog::to_string(link.rule)) + ")";
}

std::string describe_time(WallTime time) { return time ? to_rfc3339(time) : ""; }

// "stale since 2026-11-25T12:00:00Z: it is not listed"
std::string describe_one(const char* kind, const catalog::Trouble& trouble) {
  if (!trouble) return "";
  const std::string since = trouble.since ? " since " + to_rfc3339(trouble.since) : "";
  return kind + since + ": " + trouble.reason;
}

std::string describe_trouble(const catalog::Server& row) {
  const std::string stale = describe_one("stale", row.stale);
  const std::string degraded = describe_one("degraded", row.degraded);
  return stale + (stale.empty() || degraded.empty() ? "" : "; ") + degraded;
}

void append_tool(JsonWriter& w, const gateway::ViewTool& tool) {
  const RawJson definition = RawJson::trusted(tool.tool().definition);
  w.begin_object().member("server", tool.server->name()).member("name", tool.tool().name);
  optional_member(w, "title", text_member(definition, "title"));
  optional_member(w, "description", text_member(definition, "description"));
  w.member_number("tokens", tool.tokens());
  w.key("input_schema").raw(definition.find("inputSchema").value_or(RawJson::trusted("{}")));
  w.end_object();
}

}  // namespace

int run_servers(const Config& config, const CommandLine& line) {
  auto loaded = load_view(config);
  if (!loaded) return report_error(loaded.error(), line.json), 1;
  if (line.json) {
    JsonWriter w;
    w.begin_array();
    for (const auto& server : (*loaded)->view->servers()) append_server(w, server);
    w.end_array();
    print(w.take() + "\n");
    return 0;
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& server : (*loaded)->view->servers()) {
    const catalog::Server& row = server.server();
    rows.push_back({row.display_name, row.key.origin.source, row.group, row.status, row.transport,
                    std::to_string(server.prepared->sorted.size()), row.identity,
                    describe_link(row.link), describe_time(row.last_success),
                    describe_trouble(row)});
  }
  print(render_table({"SERVER", "SOURCE", "GROUP", "STATUS", "TRANSPORT", "TOOLS", "WHAT",
                      "REGISTRY ENTRY", "LAST SUCCESS", "TROUBLE"},
                     rows));
  return 0;
}

int run_tools(const Config& config, const CommandLine& line) {
  auto loaded = load_view(config);
  if (!loaded) return report_error(loaded.error(), line.json), 1;
  const gateway::ViewServer* only = nullptr;
  if (!line.server.empty()) {
    auto found = (*loaded)->view->find_server(line.server);
    if (!found) return report_error(found.error(), line.json), 1;
    only = *found;
  }
  JsonWriter w;
  w.begin_array();
  std::vector<std::vector<std::string>> rows;
  for (search::DocId number = 0; number < (*loaded)->view->tool_count(); ++number) {
    const gateway::ViewTool tool = (*loaded)->view->tool(number);
    if (only != nullptr && tool.server != only) continue;
    if (line.json) {
      append_tool(w, tool);
    } else {
      const RawJson definition = RawJson::trusted(tool.tool().definition);
      rows.push_back({tool.server->name(), tool.tool().name, std::to_string(tool.tokens()),
                      one_line(text_member(definition, "description"))});
    }
  }
  w.end_array();
  print(line.json ? w.take() + "\n"
                  : render_table({"SERVER", "TOOL", "TOKENS", "DESCRIPTION"}, rows));
  return 0;
}

}  // namespace mcpo::app
