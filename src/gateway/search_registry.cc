#include "gateway/search_registry.h"

#include <algorithm>
#include <map>
#include <vector>

#include "base/json.h"
#include "install/requirements.h"
#include "mcp/result_relay.h"

namespace mcpo::gateway {

const std::string_view kSearchRegistryDefinition =
    R"json({"name":"search_registry","title":"Search servers to install",)json"
    R"json("description":"Search the registry for MCP servers that are not running yet, by what must be done. Returns the best matching servers, best first, each with what it needs (environment variables, secrets, headers, a login), whether it is installed, and its tools. Use it when find_tool has nothing that fits; then install a server with install_server.",)json"
    R"json("inputSchema":{"type":"object","properties":{)json"
    R"json("tool_description":{"type":"string","description":"What must be done, in a sentence, or the name of a server"},)json"
    R"json("tool_keywords":{"anyOf":[{"type":"string"},{"type":"array","items":{"type":"string"}}],"description":"Optional: further words that the server or its tools may be known by, separated by spaces"}},)json"
    R"json("required":["tool_description"]},)json"
    R"json("annotations":{"readOnlyHint":true,"idempotentHint":true,"openWorldHint":false}})json";

namespace {

// Entry name -> names under which its visible workloads are known.
using Installed = std::map<std::string_view, std::vector<std::string>>;

Installed installed_entries(const catalog::Catalog& catalog, const Visibility& visibility) {
  Installed out;
  for (const auto& [id, known] : catalog.servers) {
    const catalog::Server& server = known->server;
    if (server.link.registry_entry.empty() || !visibility.allows(server)) continue;
    out[server.link.registry_entry].push_back(server.display_name);
  }
  return out;
}

void write_texts(JsonWriter& w, std::string_view name, const std::vector<std::string>& texts) {
  w.key(name).begin_array();
  for (const std::string& text : texts) w.string(text);
  w.end_array();
}

void write_inputs(JsonWriter& w, std::string_view name, const std::vector<RegistryInput>& inputs) {
  w.key(name).begin_array();
  for (const RegistryInput& input : inputs) {
    w.begin_object().member("name", input.name).member("description", input.description);
    w.member_bool("required", input.required);
    if (!input.fallback.empty() && !input.secret) w.member("default", input.fallback);
    if (!input.choices.empty()) write_texts(w, "choices", input.choices);
    w.end_object();
  }
  w.end_array();
}

void write_requirements(JsonWriter& w, const RegistryEntry& entry) {
  const install::Requirements needs = install::requirements_of(entry);
  w.key("requires").begin_object();
  write_inputs(w, "env", needs.env);
  write_inputs(w, "secrets", needs.secrets);
  write_inputs(w, "headers", needs.headers);
  w.member_bool("oauth", needs.oauth).end_object();
}

// Those that match, best first, then the others in the registry's order.
std::vector<std::size_t> tools_in_order(const RankedEntry& ranked) {
  std::vector<std::size_t> out = ranked.tools;
  std::vector<bool> is_listed(ranked.entry->tools.size());
  for (const std::size_t number : ranked.tools) is_listed[number] = true;
  for (std::size_t i = 0; i < is_listed.size(); ++i) {
    if (!is_listed[i]) out.push_back(i);
  }
  return out;
}

// The first `definitions` as they are, the others by name: none is kept back, and a server with a
// hundred tools does not fill the answer.
void write_tools(JsonWriter& w, const RankedEntry& ranked, std::size_t definitions) {
  w.member_number("tool_count", static_cast<std::int64_t>(ranked.entry->tools.size()));
  w.key("tools").begin_array();
  std::size_t written = 0;
  for (const std::size_t number : tools_in_order(ranked)) {
    const RegistryTool& tool = ranked.entry->tools[number];
    if (written++ >= definitions || tool.definition.empty()) {
      w.begin_object().member("name", tool.name).end_object();
    } else {
      w.raw(mcp::relay_definition(RawJson::trusted(tool.definition)));
    }
  }
  w.end_array();
}

void write_server(JsonWriter& w, const RankedEntry& ranked, const Installed& installed,
                  const SearchRegistryOptions& options) {
  const RegistryEntry& entry = *ranked.entry;
  w.begin_object().member("name", entry.name).member("title", entry.title);
  w.member("description", entry.description).member("transport", entry.transport);
  w.member_bool("remote", entry.remote);
  if (entry.status == "Deprecated") w.member_bool("deprecated", true);
  write_texts(w, "tags", entry.tags);
  write_requirements(w, entry);
  const auto known = installed.find(entry.name);
  w.member_bool("installed", known != installed.end());
  if (known != installed.end()) write_texts(w, "installed_as", known->second);
  write_tools(w, ranked, options.definitions_per_server);
  w.end_object();
}

void write_candidates(JsonWriter& w, const EntryRanking& ranking) {
  w.key("candidates").begin_array();
  for (const RankedEntry& near : ranking.candidates) {
    w.begin_object().member("name", near.entry->name);
    w.key("score").number(near.score).end_object();
  }
  w.end_array();
}

// Whether a registry was read, of which there are no entries: the catalog keeps no empty registry,
// so only the date that its source remembers can tell (sources/toolhive/registry_reading.cc).
bool was_read(const RegistrySearch& from) {
  return std::ranges::any_of(from.visibility.origins, [&](const SourceInstance& origin) {
    const auto memory = from.catalog.memory.find(origin);
    return memory != from.catalog.memory.end() && memory->second.contains("registry.last_updated");
  });
}

std::string note_without_entries(const RegistrySearch& from) {
  const std::string problem(from.registry_problem);
  if (!problem.empty()) return "no registry is known: " + problem;
  return was_read(from) ? "the registry has no entries"
                        : "no registry is known: it has not been read yet";
}

std::string note_of(const RegistrySearch& from, const EntryRanking& ranking) {
  const std::string problem(from.registry_problem);
  if (from.view.entry_count() == 0) return note_without_entries(from);
  std::string out;
  const auto add = [&](const std::string& text) { out += (out.empty() ? "" : "; ") + text; };
  if (ranking.entries.empty()) add("nothing in the registry matches: " + ranking.note);
  if (!from.words_only_because.empty()) {
    add("searched by words only: " + std::string(from.words_only_because));
  }
  if (!problem.empty()) add("the registry may be out of date: " + problem);
  return out;
}

}  // namespace

std::string search_registry_answer(const RegistrySearch& from, const search::Query& query,
                                   const SearchRegistryOptions& options) {
  const EntryRanking ranking = from.view.rank(query, options.max_servers);
  const Installed installed = installed_entries(from.catalog, from.visibility);
  JsonWriter w;
  w.begin_object().key("servers").begin_array();
  for (const RankedEntry& ranked : ranking.entries) write_server(w, ranked, installed, options);
  w.end_array();
  const std::string note = note_of(from, ranking);
  if (!note.empty()) w.member("note", note);
  if (ranking.entries.empty()) write_candidates(w, ranking);
  w.end_object();
  return w.take();
}

}  // namespace mcpo::gateway
