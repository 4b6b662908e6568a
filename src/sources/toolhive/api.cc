#include "sources/toolhive/api.h"

#include "http/client.h"
#include "sources/toolhive/api_parse.h"

namespace mcpo::sources::toolhive {
namespace {

using Retry = http::Client::Retry;

// Answers are limited: 300 workloads are 150 kB, the registry was 3.5 MB in 2026.
constexpr std::size_t kMaxSmall = std::size_t{64} << 10;
constexpr std::size_t kMaxWorkload = std::size_t{1} << 20;
constexpr std::size_t kMaxList = std::size_t{16} << 20;
constexpr std::size_t kMaxRegistry = std::size_t{64} << 20;

constexpr std::string_view kWorkloads = "/api/v1beta/workloads";

struct Ask {
  std::string what;  // for messages: "details of fetch"
  std::string method = "GET";
  std::string path;
  std::string body;
  int expected = 200;
  std::size_t max_bytes = kMaxSmall;
  Asked asked = Asked::reading;
};

// Of something that was sent and not answered nobody knows how far it is.
Error unanswered(Error error) {
  const bool was_sent = error.cause != Cause::not_reached && error.cause != Cause::refused;
  if (was_sent && error.code == Errc::unavailable) error.code = Errc::timeout;
  if (!was_sent && error.code == Errc::timeout) error.code = Errc::unavailable;
  return error;
}

class HttpApi final : public Api {
 public:
  HttpApi(http::Client& client, http::Url base, ApiOptions options)
      : client_(client), base_(std::move(base)), options_(std::move(options)) {}

  async::Task<std::vector<ListedWorkload>> list_workloads(async::Deadline deadline) override {
    Ask ask{.what = "list of workloads", .path = std::string(kWorkloads) + "?all=true"};
    ask.max_bytes = kMaxList;
    co_return co_await get(std::move(ask), parse_workload_list, deadline);
  }

  async::Task<WorkloadDetails> read_details(std::string name, async::Deadline deadline) override {
    CO_TRY(Ask ask, about(name, "", "details of "));
    co_return co_await get(std::move(ask), parse_details, deadline);
  }

  async::Task<WorkloadExport> read_export(std::string name, async::Deadline deadline) override {
    CO_TRY(Ask ask, about(name, "/export", "export of "));
    co_return co_await get(std::move(ask), parse_export, deadline);
  }

  async::Task<std::string> read_status(std::string name, async::Deadline deadline) override {
    CO_TRY(Ask ask, about(name, "/status", "status of "));
    co_return co_await get(std::move(ask), parse_status, deadline);
  }

  async::Task<std::vector<std::string>> list_groups(async::Deadline deadline) override {
    Ask ask{.what = "list of groups", .path = "/api/v1beta/groups"};
    ask.max_bytes = kMaxWorkload;
    co_return co_await get(std::move(ask), parse_groups, deadline);
  }

  async::Task<std::vector<std::string>> list_secrets(async::Deadline deadline) override {
    Ask ask{.what = "list of secrets", .path = "/api/v1beta/secrets/default/keys"};
    ask.max_bytes = kMaxWorkload;
    co_return co_await get(std::move(ask), parse_secret_keys, deadline);
  }

  async::Task<RegistryInfo> read_registry_info(async::Deadline deadline) override {
    Ask ask{.what = "state of the registry", .path = "/api/v1beta/registry"};
    ask.asked = Asked::registry;
    co_return co_await get(std::move(ask), parse_registries, deadline);
  }

  async::Task<std::string> read_registry(async::Deadline deadline) override {
    co_return co_await read_large("/api/v1beta/registry/default", deadline);
  }

  async::Task<std::string> read_registry_v01(async::Deadline deadline) override {
    co_return co_await read_large("/registry/default/v0.1/servers?page=1&limit=200", deadline);
  }

  async::Task<Created> create(CreateRequest request, async::Deadline deadline) override {
    Ask ask{.what = "create " + request.name, .method = "POST", .path = std::string(kWorkloads)};
    ask.body = create_body(request);
    ask.expected = 201;
    ask.asked = Asked::creating;
    const auto until = deadline.earlier(async::Deadline::in(options_.create_timeout));
    CO_TRY(const std::string body, co_await send(std::move(ask), until));
    Created out = parse_created(body);
    if (out.name.empty()) out.name = request.name;
    co_return out;
  }

  async::Task<void> stop(std::string name, async::Deadline deadline) override {
    co_return co_await act(std::move(name), "POST", "/stop", "stop ", deadline);
  }
  async::Task<void> restart(std::string name, async::Deadline deadline) override {
    co_return co_await act(std::move(name), "POST", "/restart", "restart ", deadline);
  }
  async::Task<void> remove(std::string name, async::Deadline deadline) override {
    co_return co_await act(std::move(name), "DELETE", "", "remove ", deadline);
  }

  async::Task<Health> read_health(async::Deadline deadline) override {
    Ask ask{.what = "health", .path = "/health"};
    const auto until = request_deadline(deadline);
    auto answer = co_await open(std::move(ask), until);
    if (!answer) co_return std::unexpected(with_context(std::move(answer).error(), "health"));
    // Read to its end, so that the connection is kept.
    (void)co_await http::read_body(*answer->body, kMaxSmall, until);
    if (answer->status != 204 && answer->status != 503) {
      co_return std::unexpected(
          with_context(refusal(Asked::reading, answer->status, ""), "health"));
    }
    co_return Health{.healthy = answer->status == 204,
                     .nonce = std::string(answer->headers.find("X-Toolhive-Nonce").value_or(""))};
  }

  async::Task<std::string> read_version(async::Deadline deadline) override {
    Ask ask{.what = "version", .path = "/api/v1beta/version"};
    co_return co_await get(std::move(ask), parse_version, deadline);
  }

  std::string where() const override {
    if (!base_.unix_socket.empty()) return "unix://" + base_.unix_socket;
    return base_.scheme + "://" + base_.authority();
  }

 private:
  async::Deadline request_deadline(async::Deadline deadline) const {
    return deadline.earlier(async::Deadline::in(options_.request_timeout));
  }

  static Result<Ask> about(const std::string& name, std::string_view rest, std::string what) {
    TRY(std::string path, workload_path(name, rest));
    Ask ask{.what = std::move(what) + name, .path = std::move(path)};
    ask.max_bytes = kMaxWorkload;
    return ask;
  }

  template <class T>
  async::Task<T> get(Ask ask, Result<T> (*parse)(std::string_view), async::Deadline deadline) {
    const std::string what = ask.what;
    CO_TRY(const std::string body, co_await send(std::move(ask), request_deadline(deadline)));
    Result<T> parsed = parse(body);
    if (!parsed) co_return std::unexpected(with_context(std::move(parsed).error(), what));
    co_return parsed;
  }

  async::Task<std::string> read_large(std::string path, async::Deadline deadline) {
    Ask ask{.what = "registry", .path = std::move(path)};
    ask.max_bytes = kMaxRegistry;
    ask.asked = Asked::registry;
    co_return co_await send(std::move(ask), request_deadline(deadline));
  }

  async::Task<void> act(std::string name, std::string method, std::string_view rest,
                        std::string what, async::Deadline deadline) {
    CO_TRY(Ask ask, about(name, rest, std::move(what)));
    ask.method = std::move(method);
    ask.expected = 202;
    CO_TRY(const std::string body, co_await send(std::move(ask), request_deadline(deadline)));
    co_return Result<void>();
  }

  // The body of the expected answer; an error with `what` in front of it for all others.
  async::Task<std::string> send(Ask ask, async::Deadline until) {
    const std::string what = ask.what;
    Result<std::string> body = co_await exchange(std::move(ask), until);
    if (!body) co_return std::unexpected(with_context(std::move(body).error(), what));
    co_return body;
  }

  async::Task<std::string> exchange(Ask ask, async::Deadline until) {
    const int expected = ask.expected;
    const std::size_t max_bytes = ask.max_bytes;
    const Asked asked = ask.asked;
    auto answer = co_await open(std::move(ask), until);
    if (!answer) {
      Error error = std::move(answer).error();
      co_return std::unexpected(asked == Asked::creating ? unanswered(std::move(error)) : error);
    }
    if (answer->status == expected) {
      co_return co_await http::read_body(*answer->body, max_bytes, until);
    }
    const auto text = co_await http::read_body(*answer->body, kMaxSmall, until);
    co_return std::unexpected(refusal(asked, answer->status, text.value_or("")));
  }

  async::Task<http::StreamedResponse> open(Ask ask, async::Deadline until) {
    const bool is_read = ask.method == "GET";
    http::Request request{.method = std::move(ask.method),
                          .target = std::move(ask.path),
                          .headers = {{"Accept", "application/json"}},
                          .body = std::move(ask.body)};
    if (!request.body.empty()) request.headers.add("Content-Type", "application/json");
    if (!options_.token.empty()) request.headers.add("Authorization", "Bearer " + options_.token);
    http::Url url = base_;
    co_return co_await client_.open(std::move(url), std::move(request),
                                    is_read ? Retry::idempotent : Retry::only_if_unsent, until);
  }

  http::Client& client_;
  http::Url base_;
  ApiOptions options_;
};

}  // namespace

std::shared_ptr<Api> make_api(http::Client& client, http::Url base, ApiOptions options) {
  return std::make_shared<HttpApi>(client, std::move(base), std::move(options));
}

}  // namespace mcpo::sources::toolhive
