#include "app/welcome.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/output.h"
#include "gateway/answers.h"
#include "gateway/toolset.h"
#include "mcp/token_count.h"

namespace mcpo::app {
namespace {

struct Savings {
  std::int64_t before = 0;  // every tool's definition
  std::int64_t after = 0;   // our own few
  std::int64_t percent() const { return before <= after ? 0 : 100 * (before - after) / before; }
};

Savings savings(const Engine& engine, const gateway::View& view) {
  return {view.baseline_tokens(),
          mcp::estimate_tokens(gateway::tool_definitions(engine.config.dynamic_install))};
}

std::size_t answering(const gateway::View& view) {
  std::size_t count = 0;
  for (const auto& server : view.servers()) {
    count += server.offer == gateway::ViewServer::Offer::offered && !server.server().degraded;
  }
  return count;
}

std::string server_lines(const gateway::View& view) {
  std::string out;
  for (const auto& server : view.servers()) {
    const catalog::Server& row = server.server();
    const std::string trouble = row.stale ? row.stale.reason : row.degraded.reason;
    out += printable(fmt::format("    {:<24} {:>4} tools{}", row.display_name,
                                 server.prepared->sorted.size(),
                                 trouble.empty() ? "" : "   ! " + trouble)) +
           "\n";
  }
  return out;
}

std::string place_of(const SourceInstance& origin) {
  if (origin.source != "toolhive") return "servers come from " + origin.instance;
  if (origin.instance != "default") return "servers come from ToolHive at " + origin.instance;
  return "servers come from ToolHive, where there is one";
}

bool has_servers(const Engine& engine) {
  if (!engine.views->view()->servers().empty()) return true;
  return std::ranges::any_of(engine.cycle->source_states(), [](const auto& state) {
    return state.second.state != sources::ObservationState::absent;
  });
}

}  // namespace

std::string no_servers_text(const Engine& engine) {
  std::string out = "no servers are configured: write " + engine.config.config_path +
                    ", name a file with --config, or start ToolHive (thv serve)";
  // Where it was looked for: it may be there and want a token.
  for (const auto& [origin, state] : engine.cycle->source_states()) {
    if (!state.detail.empty()) out += "; " + state.detail;
  }
  return out;
}

std::vector<std::string> start_lines(const Engine& engine) {
  std::vector<std::string> out;
  const auto view = engine.views->view();
  if (engine.identity.inside_ourselves) {
    out.emplace_back("started by an optimizer on the same configuration: nothing is served twice");
  } else if (engine.sources.empty()) {
    out.push_back(no_servers_text(engine));
  } else {
    for (const auto& source : engine.sources) out.push_back(place_of(source->origin()));
  }
  if (view->tool_count() > 0) {
    out.push_back(fmt::format("{} tools of {} servers are known from before and can be found now",
                              view->tool_count(), view->servers().size()));
  }
  return out;
}

std::string welcome_text(const Engine& engine, const std::string& endpoint) {
  const auto view = engine.views->view();
  const Savings tokens = savings(engine, *view);
  std::string out = "\n  MCP Optimizer is ready.\n\n";
  out += fmt::format("  Servers   {} ({} answering), {} tools\n", view->servers().size(),
                     answering(*view), view->tool_count());
  out += server_lines(*view);
  if (tokens.before > 0) {
    out += fmt::format("  Tokens    a client reads about {} tokens instead of {}: {} % saved\n",
                       tokens.after, tokens.before, tokens.percent());
  }
  out += fmt::format("  Endpoint  {}\n\n", endpoint);
  if (!has_servers(engine)) {
    out += fmt::format(
        "  There are no servers yet: start ToolHive (thv serve), or write {}\n  or name a file "
        "with --config, then start again.\n\n",
        engine.config.config_path);
  }
  out += "  Add this to your client's configuration, instead of its other servers:\n\n";
  out += fmt::format(
      "    {{\"mcpServers\": {{\"mcp-optimizer\": {{\"type\": \"http\", \"url\": \"{}\"}}}}}}\n\n",
      endpoint);
  out += fmt::format(
      "  or, with Claude Code:  claude mcp add --transport http mcp-optimizer {}\n\n", endpoint);
  return out;
}

void log_welcome(const Engine& engine, const std::string& endpoint, Logger& log) {
  const auto view = engine.views->view();
  const Savings tokens = savings(engine, *view);
  log.info("ready", {{"endpoint", endpoint.empty() ? std::string("stdio") : endpoint},
                     {"servers", view->servers().size()},
                     {"answering", answering(*view)},
                     {"tools", view->tool_count()},
                     {"tokens_before", tokens.before},
                     {"tokens_after", tokens.after}});
}

}  // namespace mcpo::app
