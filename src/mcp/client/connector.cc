// From a spec to a live session: start or reach the server, learn its era, open the session.
#include <map>

#include "base/hash.h"
#include "mcp/client.h"
#include "mcp/client/era.h"
#include "mcp/client/http_transport.h"
#include "mcp/client/session.h"
#include "mcp/client/stdio_transport.h"

namespace mcpo::mcp {
namespace {

// What was learned about a server; asked anew when it stops holding (contracts C-3).
enum class KnownShape { unknown, legacy, sse };

// silent: no answer at all, which for a child may mean that the question has harmed it.
enum class Probed { modern, legacy, silent };

class EraConnector final : public Connector {
 public:
  EraConnector(async::Executor executor, http::Client& http, Logger& log)
      : executor_(std::move(executor)), http_(http), log_(log) {}

  async::Task<std::unique_ptr<Client>> connect(ConnectionSpec spec, ClientOptions options,
                                               async::Deadline deadline) override {
    const std::string key = content_hash(fingerprint_text(spec)).hex();
    const auto known = known_.find(key);
    const KnownShape shape = known == known_.end() ? KnownShape::unknown : known->second;
    KnownShape learned = KnownShape::unknown;
    Result<std::shared_ptr<Session>> opened = fail(Errc::internal, "");
    if (const auto* stdio = std::get_if<StdioSpec>(&spec)) {
      opened = co_await connect_stdio(*stdio, options, shape, learned, deadline);
    } else {
      opened = co_await connect_http(std::get<HttpSpec>(spec), options, shape, learned, deadline);
    }
    if (!opened || learned == KnownShape::unknown) {
      known_.erase(key);
    } else {
      known_[key] = learned;
    }
    if (!opened) co_return std::unexpected(opened.error());
    co_return make_client(*std::move(opened));
  }

 private:
  std::shared_ptr<Session> make_session(std::shared_ptr<Transport> transport,
                                        const ClientOptions& options) {
    auto session = std::make_shared<Session>(executor_, std::move(transport), options, log_);
    session->start();
    return session;
  }

  Result<std::shared_ptr<Session>> start_child(const StdioSpec& spec,
                                               const ClientOptions& options) {
    TRY(auto transport, start_stdio_transport(executor_, spec, options, log_));
    return make_session(std::move(transport), options);
  }

  async::Task<std::shared_ptr<Session>> connect_stdio(const StdioSpec& spec,
                                                      const ClientOptions& options,
                                                      KnownShape shape, KnownShape& learned,
                                                      async::Deadline deadline) {
    CO_TRY(auto session, start_child(spec, options));
    if (shape == KnownShape::unknown) {
      const auto probe_by = deadline.earlier(async::Deadline::in(options.probe_timeout));
      CO_TRY(Probed probed, co_await probe(session, ProbeChannel::stdio, probe_by));
      if (probed == Probed::modern) co_return session;
      // A child that did not answer may be confused by what it was sent, or gone (contracts P-20).
      if (probed == Probed::silent) {
        session->abandon();
        CO_TRY(session, start_child(spec, options));
      }
    }
    auto opened = co_await session->open_legacy(deadline);
    if (!opened) {
      session->abandon();
      co_return std::unexpected(opened.error());
    }
    learned = KnownShape::legacy;
    co_return session;
  }

  async::Task<std::shared_ptr<Session>> connect_http(const HttpSpec& spec,
                                                     const ClientOptions& options, KnownShape shape,
                                                     KnownShape& learned,
                                                     async::Deadline deadline) {
    if (spec.kind == HttpKind::sse || (spec.kind == HttpKind::detect && shape == KnownShape::sse)) {
      learned = KnownShape::sse;
      co_return co_await connect_sse(spec, options, deadline);
    }
    auto session =
        make_session(make_streamable_transport(executor_, http_, spec, options, log_), options);
    if (shape == KnownShape::unknown) {
      auto probed = co_await probe(session, ProbeChannel::http, deadline);
      if (!probed) session->abandon();
      if (!probed) co_return std::unexpected(probed.error());
      if (*probed == Probed::modern) co_return session;
    }
    auto opened = co_await session->open_legacy(deadline);
    if (opened) {
      learned = KnownShape::legacy;
      co_return session;
    }
    session->abandon();
    // Neither way of streamable HTTP: perhaps the one before it (2026-07-28 streamable-http,
    // Backward Compatibility).
    const Errc code = opened.error().code;
    const bool refused = code == Errc::not_found || code == Errc::invalid;
    if (!refused || spec.kind != HttpKind::detect) co_return std::unexpected(opened.error());
    auto old = co_await connect_sse(spec, options, deadline);
    if (!old) co_return std::unexpected(opened.error());
    learned = KnownShape::sse;
    co_return old;
  }

  async::Task<std::shared_ptr<Session>> connect_sse(HttpSpec spec, ClientOptions options,
                                                    async::Deadline deadline) {
    CO_TRY(auto transport,
           co_await open_sse_transport(executor_, http_, spec, options, log_, deadline));
    auto session = make_session(std::move(transport), options);
    auto opened = co_await session->open_legacy(deadline);
    if (opened) co_return session;
    session->abandon();
    co_return std::unexpected(opened.error());
  }

  // modern: the session is open.
  async::Task<Probed> probe(std::shared_ptr<Session> session, ProbeChannel channel,
                            async::Deadline deadline) {
    std::string version(kVersion2026_07);
    for (int tries = 0; tries < 2; ++tries) {
      auto answer = co_await session->discover(version, deadline);
      EraVerdict verdict = decide_era(answer, channel);
      switch (verdict.kind) {
        case EraVerdict::Kind::modern:
          session->open_modern(std::move(verdict.version), *answer);
          co_return Probed::modern;
        case EraVerdict::Kind::ask_again:
          version = std::move(verdict.version);
          break;
        case EraVerdict::Kind::legacy:
          co_return answer ? Probed::legacy : Probed::silent;
        case EraVerdict::Kind::no_evidence:
          co_return std::unexpected(verdict.error);
      }
    }
    co_return fail(Errc::corrupt, "it refuses the protocol versions that it offers");
  }

  async::Executor executor_;
  http::Client& http_;
  Logger& log_;
  std::map<std::string, KnownShape> known_;
};

}  // namespace

std::unique_ptr<Connector> make_connector(async::Executor executor, http::Client& http,
                                          Logger& log) {
  return std::make_unique<EraConnector>(std::move(executor), http, log);
}

}  // namespace mcpo::mcp
