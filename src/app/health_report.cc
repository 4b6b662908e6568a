#include "app/health_report.h"

#include "app/version.h"

namespace mcpo::app {
namespace {

void add_sources(const Engine& engine, server::Health& out) {
  for (const auto& [origin, state] : engine.cycle->source_states()) {
    std::string why = state.warning.value_or("");
    const bool has_trouble = state.state == sources::ObservationState::partial ||
                             state.state == sources::ObservationState::unavailable;
    if (why.empty() && has_trouble) why = state.detail;
    if (!state.registry_problem.empty()) {
      out.degraded.push_back(
          {"registry of " + origin.source, state.registry_since, state.registry_problem});
    }
    if (!why.empty()) out.degraded.push_back({"source " + origin.source, state.since, why});
  }
}

// The catalog's word, and where it has none, what this process met by itself.
void add_server(const Engine& engine, const catalog::Server& server, server::Health& out) {
  const std::string what = "server " + server.display_name;
  if (server.stale) out.degraded.push_back({what, server.stale.since, server.stale.reason});
  if (server.degraded) {
    out.degraded.push_back({what, server.degraded.since, server.degraded.reason});
    return;
  }
  const upstream::SessionHealth session = engine.pool->health(server.id);
  if (session.state == upstream::SessionHealth::State::failed) {
    out.degraded.push_back({what, session.since, session.reason});
  }
}

// Words alone find most tools, but somebody who expects more should see why there is not.
void add_search(const Engine& engine, server::Health& out) {
  const bool wanted = engine.config.semantic_share > 0;
  out.search.mode = wanted && engine.semantics.tools ? "hybrid" : "lexical";
  catalog::Trouble trouble = engine.semantics.trouble();
  if (engine.enricher) {
    const gateway::EnrichmentProgress& progress = engine.enricher->progress();
    out.search.texts_waiting = progress.wanted;
    out.search.texts_encoded = progress.encoded;
    if (!trouble) trouble = progress.trouble;
  }
  const gateway::View& view = *engine.views->view();
  if (view.tool_count() > 0 && view.embedded_count() == 0) out.search.mode = "lexical";
  if (!wanted || !trouble) return;
  out.search.mode = "lexical";
  out.degraded.push_back({"search by meaning", trouble.since, trouble.reason});
}

}  // namespace

server::Health health_report(const Engine& engine, std::size_t sessions) {
  server::Health out;
  const auto view = engine.views->view();
  out.version = kVersion;
  out.sessions = sessions;
  out.servers = view->servers().size();
  out.tools = view->tool_count();
  out.catalog_version = view->version();
  out.leading = engine.leads();
  if (const catalog::Trouble& trouble = engine.catalog->trouble()) {
    out.degraded.push_back({"catalog", trouble.since, trouble.reason});
  }
  add_sources(engine, out);
  add_search(engine, out);
  for (const auto& entry : view->servers()) add_server(engine, entry.server(), out);
  out.ready = engine.cycle->every_source_asked();
  if (!out.ready) out.not_ready_reason = "not every source has been asked yet";
  return out;
}

}  // namespace mcpo::app
