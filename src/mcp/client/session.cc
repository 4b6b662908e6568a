#include "mcp/client/session.h"

#include <set>

#include "async/periodic.h"
#include "base/text.h"
#include "mcp/object_text.h"

namespace mcpo::mcp {
namespace {

constexpr std::string_view kToolsChanged = "notifications/tools/list_changed";
constexpr std::string_view kProgress = "notifications/progress";

std::string client_info(const std::string& version) {
  JsonWriter w;
  w.begin_object().member("name", "mcp-optimizer").member("version", version).end_object();
  return w.take();
}

Error to_failure(const Message& answer, std::string_view method) {
  const auto message = answer.error.find("message");
  const auto code = answer.error.find("code");
  return {Errc::unavailable, "refuses " + std::string(method) + ": error " +
                                 (code ? std::string(code->text()) : "?") + ": " +
                                 (message ? message->as_string().value_or("") : "")};
}

std::string read_instance(RawJson result) {
  const auto meta = result.find("_meta");
  const auto value = meta ? meta->find(kMetaInstance) : std::nullopt;
  return value ? value->as_string().value_or("") : "";
}

bool read_list_changed(RawJson result) {
  const auto capabilities = result.find("capabilities");
  const auto tools = capabilities ? capabilities->find("tools") : std::nullopt;
  const auto flag = tools ? tools->find("listChanged") : std::nullopt;
  return flag && flag->as_bool().value_or(false);
}

Error describe_wait(Error error, std::string_view method) {
  if (error.code == Errc::timeout && error.cause != Cause::not_reached) {
    error.message = "no answer to " + std::string(method) + " in time";
  }
  return error;
}

}  // namespace

Session::Session(async::Executor executor, std::shared_ptr<Transport> transport,
                 ClientOptions options, Logger& log)
    : executor_(executor),
      transport_(std::move(transport)),
      options_(std::move(options)),
      log_(log),
      scope_(executor, log) {}

void Session::start() {
  Transport::Events events;
  events.on_message = [weak = weak_from_this()](Message message) {
    if (auto self = weak.lock()) self->take(std::move(message));
  };
  events.on_closed = [weak = weak_from_this()](std::string reason) {
    auto self = weak.lock();
    if (!self || !self->death_.empty()) return;
    self->death_ = std::move(reason);
    if (self->death_callback_) self->death_callback_();
  };
  transport_->set_events(std::move(events));
}

// --- Requests ---

async::Task<Message> Session::request(std::string method, std::string params, http::Headers headers,
                                      std::shared_ptr<Patience> patience) {
  const auto self = shared_from_this();
  OutgoingRequest out;
  out.id = std::to_string(++last_id_);
  out.method = method;
  out.text = make_request(out.id, method, params);
  out.headers = std::move(headers);
  out.patience = std::move(patience);
  const std::string id = out.id;
  auto answer = co_await transport_->request(std::move(out));
  if (answer) co_return answer;
  const Errc code = answer.error().code;
  if (code == Errc::cancelled) cancel_upstream(id, "cancelled by the client");
  if (code == Errc::timeout) cancel_upstream(id, "timed out");
  co_return std::unexpected(describe_wait(answer.error(), method));
}

// The error of a refused request as our own.
async::Task<Message> Session::request_result(std::string method, std::string params,
                                             async::Deadline deadline) {
  http::Headers headers = modern_headers(method, "");
  auto patience = std::make_shared<Patience>(deadline);
  CO_TRY(Message answer, co_await request(method, std::move(params), std::move(headers), patience));
  if (answer.kind == MessageKind::error) co_return std::unexpected(to_failure(answer, method));
  co_return answer;
}

void Session::cancel_upstream(const std::string& id, std::string_view reason) {
  if (transport_->cancels_by_closing() || !alive()) return;
  JsonWriter w;
  w.begin_object().key("requestId").raw(id).member("reason", reason).end_object();
  send_later(make_notification("notifications/cancelled", w.take()));
}

void Session::send_later(std::string text) {
  auto work = [](std::shared_ptr<Transport> transport, std::string line) -> async::Task<void> {
    (void)co_await transport->send(std::move(line));
    co_return Result<void>{};
  };
  scope_.spawn("send to " + options_.server_name, work(transport_, std::move(text)));
}

// "" when there is nothing to say.
std::string Session::meta(const std::string& version, std::string_view further,
                          std::string_view progress_token) const {
  ObjectText out;
  if (is_modern_version(version)) {
    out.add(kMetaProtocolVersion, json_string(version));
    out.add(kMetaClientInfo, client_info(options_.own_version));
    out.add(kMetaClientCapabilities, "{}");
  }
  if (!progress_token.empty()) out.add("progressToken", progress_token);
  if (!further.empty()) {
    for (const auto& member : RawJson::trusted(further).members()) out.copy(member);
  }
  return out.empty() ? std::string() : out.take();
}

http::Headers Session::modern_headers(const std::string& method, std::string_view name) const {
  http::Headers out;
  if (era_ != Era::modern || !transport_->is_http()) return out;
  out.add("Mcp-Method", method);
  if (!name.empty()) out.add("Mcp-Name", encode_header_value(name));
  return out;
}

// --- Opening ---

async::Task<Message> Session::discover(std::string version, async::Deadline deadline) {
  ObjectText params;
  params.add("_meta", meta(version, {}, {}));
  http::Headers headers;
  headers.add("MCP-Protocol-Version", version);
  headers.add("Mcp-Method", "server/discover");
  auto patience = std::make_shared<Patience>(deadline);
  std::string text = params.take();
  co_return co_await request("server/discover", std::move(text), std::move(headers), patience);
}

void Session::open_modern(std::string version, const Message& discovered) {
  era_ = Era::modern;
  version_ = std::move(version);
  transport_->negotiated(era_, version_);
  if (discovered.kind != MessageKind::result) return;
  instance_ = read_instance(discovered.result);
  tools_can_change_ = read_list_changed(discovered.result);
  if (tools_can_change_) {
    auto work = [](std::shared_ptr<Session> self) -> async::Task<void> {
      co_return co_await self->listen_modern();
    };
    scope_.spawn("listen to " + options_.server_name, work(shared_from_this()));
  }
}

async::Task<void> Session::open_legacy(async::Deadline deadline) {
  const auto self = shared_from_this();
  JsonWriter w;
  w.begin_object().member("protocolVersion", kVersion2025_11).key("capabilities").raw("{}");
  w.key("clientInfo").raw(client_info(options_.own_version)).end_object();
  auto patience = std::make_shared<Patience>(deadline);
  CO_TRY(Message answer, co_await request("initialize", w.take(), {}, patience));
  if (answer.kind == MessageKind::error) {
    co_return std::unexpected(to_failure(answer, "initialize"));
  }
  const auto offered = answer.result.find("protocolVersion");
  version_ = offered ? offered->as_string().value_or("") : "";
  // Some servers answer the modern version to initialize (contracts C-5): used as legacy.
  if (is_modern_version(version_)) version_ = kVersion2025_11;
  if (!is_legacy_version(version_) && version_ != "2024-10-07") {
    co_return fail(Errc::corrupt, "answers initialize with the unknown protocol version \"" +
                                      ellipsized(to_valid_utf8(version_), 40) + "\"");
  }
  era_ = Era::legacy;
  instance_ = read_instance(answer.result);
  tools_can_change_ = read_list_changed(answer.result);
  transport_->negotiated(era_, version_);
  CO_CHECK_OK(co_await transport_->send(make_notification("notifications/initialized", "")));
  transport_->listen();
  co_return Result<void>{};
}

// Reopened with backoff; a server that does not know it is asked no more (contracts C-31).
async::Task<void> Session::listen_modern() {
  for (int failures = 0; alive(); ++failures) {
    ObjectText params;
    params.add("notifications", "{\"toolsListChanged\":true}");
    params.add("_meta", meta(version_, {}, {}));
    http::Headers headers = modern_headers("subscriptions/listen", "");
    auto patience = std::make_shared<Patience>(async::Deadline::never());
    std::string text = params.take();
    const SteadyTime opened = std::chrono::steady_clock::now();
    auto answer = co_await request("subscriptions/listen", std::move(text), std::move(headers),
                                   std::move(patience));
    if (!answer && answer.error().code == Errc::cancelled) break;
    if (answer && answer->kind == MessageKind::error) break;
    if (!answer && answer.error().code != Errc::unavailable) break;
    if (std::chrono::steady_clock::now() - opened > Millis(10'000)) failures = 0;
    CO_CHECK_OK(co_await async::sleep_for(async::backoff_delay({}, failures, 0.5)));
    // What changed while nobody listened is not told.
    if (alive() && tools_changed_) tools_changed_();
  }
  co_return Result<void>{};
}

// --- Features ---

async::Task<ToolList> Session::list_tools(async::Deadline deadline) {
  const auto self = shared_from_this();
  ToolList out;
  std::set<std::string> names;
  std::set<std::string> cursors;
  std::optional<std::string> cursor;
  for (std::size_t pages = 0; pages < options_.max_pages; ++pages) {
    ObjectText params;
    if (cursor) params.add("cursor", json_string(*cursor));
    const std::string our_meta = meta(version_, {}, {});
    if (!our_meta.empty()) params.add("_meta", our_meta);
    std::string text = params.empty() ? std::string() : params.take();
    CO_TRY(Message answer, co_await request_result("tools/list", std::move(text), deadline));
    CO_TRY(ToolPage page, parse_tool_page(answer.result));
    learn_headers(page);
    out.problems.insert(out.problems.end(), page.problems.begin(), page.problems.end());
    if (page.ttl_ms) out.ttl_ms = std::min(out.ttl_ms.value_or(*page.ttl_ms), *page.ttl_ms);
    for (ToolDefinition& tool : page.tools) {
      if (!names.insert(tool.name).second) {
        out.problems.push_back("it lists the tool \"" + tool.name + "\" twice; the first counts");
      } else if (out.tools.size() < options_.max_tools) {
        out.tools.push_back(std::move(tool));
      }
    }
    if (names.size() > options_.max_tools) {
      out.problems.push_back("it lists more than " + std::to_string(options_.max_tools) +
                             " tools; the rest is left out");
      co_return out;
    }
    cursor = std::move(page.next_cursor);
    if (!cursor) co_return out;
    if (!cursors.insert(*cursor).second) {
      out.problems.push_back("its tools/list repeats a cursor; what came before it counts");
      co_return out;
    }
  }
  out.problems.push_back("its tools/list has more than " + std::to_string(options_.max_pages) +
                         " pages; the rest is left out");
  co_return out;
}

// A tool whose x-mcp-header is invalid must not be used over HTTP (contracts C-15).
void Session::learn_headers(ToolPage& page) {
  if (era_ != Era::modern || !transport_->is_http()) return;
  std::erase_if(page.tools, [&](const ToolDefinition& tool) {
    const auto schema = RawJson::trusted(tool.json).find("inputSchema");
    auto parameters = header_parameters(schema.value_or(RawJson::trusted("{}")));
    if (!parameters) {
      page.problems.push_back("the tool \"" + tool.name +
                              "\" is left out: " + parameters.error().message);
      return true;
    }
    if (parameters->empty()) {
      header_parameters_.erase(tool.name);
    } else {
      header_parameters_[tool.name] = *std::move(parameters);
    }
    return false;
  });
}

http::Headers Session::call_headers(const std::string& name, const std::string& arguments) const {
  http::Headers out = modern_headers("tools/call", name);
  const auto known = header_parameters_.find(name);
  if (out.fields().empty() || known == header_parameters_.end()) return out;
  for (const HeaderParameter& parameter : known->second) {
    const auto text = parameter_text(RawJson::trusted(arguments), parameter);
    if (text) out.add(parameter.header, encode_header_value(*text));
  }
  return out;
}

async::Task<CallReply> Session::call_tool(std::string name, std::string arguments,
                                          CallOptions options) {
  const auto self = shared_from_this();
  CO_TRY(Message answer, co_await call_once(name, arguments, options));
  const auto code_of = [](const Message& message) {
    const auto code = message.error.find("code");
    return code ? code->as_int64().value_or(0) : 0;
  };
  if (answer.kind == MessageKind::error && code_of(answer) == kHeaderMismatch &&
      transport_->is_http()) {
    // Its schema has changed under us, or was never read on this session (contracts C-16).
    CO_CHECK_OK(co_await list_tools(options.deadline));
    CO_TRY(answer, co_await call_once(name, arguments, options));
  }
  CallReply out;
  out.era = era_;
  out.text = answer.text;
  if (answer.kind == MessageKind::error) {
    const auto message = answer.error.find("message");
    out.error = CallReply::RpcError{static_cast<int>(code_of(answer)),
                                    message ? message->as_string().value_or("") : ""};
    co_return out;
  }
  if (!answer.result.is_object()) {
    co_return fail(Errc::corrupt, "its result is not an object");
  }
  if (const auto type = answer.result.find("resultType"); type && era_ == Era::modern) {
    const std::string text = type->as_string().value_or("");
    if (text != "complete") {
      co_return fail(Errc::corrupt, "it answers with \"" + ellipsized(to_valid_utf8(text), 40) +
                                        "\", which needs more than a call can give");
    }
  }
  out.result = answer.result;
  co_return out;
}

async::Task<Message> Session::call_once(const std::string& name, const std::string& arguments,
                                        const CallOptions& options) {
  auto patience = std::make_shared<Patience>(options.deadline);
  std::string token;
  if (options.on_progress) {
    token = std::to_string(last_id_ + 1);  // unused: the id that this request is going to have
    progress_[token] = {options.on_progress, patience, options.progress_extends,
                        async::Deadline::in(options_.max_timeout)};
  }
  std::string params = "{\"name\":" + json_string(name) + ",\"arguments\":" + arguments;
  const std::string our_meta = meta(version_, options.meta, token);
  if (!our_meta.empty()) params.append(",\"_meta\":").append(our_meta);
  params.push_back('}');
  http::Headers headers = call_headers(name, arguments);
  auto answer = co_await request("tools/call", std::move(params), std::move(headers), patience);
  if (!token.empty()) progress_.erase(token);
  co_return answer;
}

async::Task<void> Session::ping(async::Deadline deadline) {
  const auto self = shared_from_this();
  auto patience = std::make_shared<Patience>(deadline);
  if (era_ == Era::modern) {
    CO_CHECK_OK(co_await discover(version_, deadline));
  } else {
    // Any answer shows that it lives.
    CO_CHECK_OK(co_await request("ping", "", {}, patience));
  }
  co_return Result<void>{};
}

async::Task<void> Session::close(async::Deadline deadline) {
  const auto self = shared_from_this();
  if (death_.empty()) death_ = "closed";
  auto closed = co_await transport_->close(deadline);
  (void)co_await scope_.close(deadline);
  co_return closed;
}

void Session::abandon() {
  if (death_.empty()) death_ = "closed";
  tools_changed_ = {};
  death_callback_ = {};
  scope_.cancel();
  transport_->abandon();
}

// --- What the server says unasked ---

void Session::take(Message message) {
  if (message.kind == MessageKind::notification) {
    take_notification(message);
  } else if (message.kind == MessageKind::request && era_ == Era::legacy) {
    answer(message);
  }
}

void Session::take_notification(const Message& message) {
  if (message.method == kToolsChanged) {
    if (tools_changed_) tools_changed_();
    return;
  }
  if (message.method != kProgress || !message.params) return;
  const auto token = message.params->find("progressToken");
  const auto found = token ? progress_.find(std::string(token->text())) : progress_.end();
  if (found == progress_.end()) return;
  const Progress progress = found->second;
  if (progress.extends.count() > 0) {
    const auto later = async::Deadline::in(progress.extends).earlier(progress.at_most);
    if (later.time() > progress.patience->deadline.time()) progress.patience->extend(later);
  }
  ObjectText params;
  for (const auto& member : message.params->members()) {
    if (!member.key_is("progressToken")) params.copy(member);
  }
  const std::string text = params.take();
  progress.callback(RawJson::trusted(text));
}

void Session::answer(const Message& request) {
  if (request.method == "ping") return send_later(make_result(request.id, "{}"));
  send_later(make_error(request.id, kMethodNotFound,
                        "this client does not offer " + ellipsized(request.method, 100)));
}

// --- The public face ---

namespace {

class SessionClient final : public Client {
 public:
  explicit SessionClient(std::shared_ptr<Session> session) : session_(std::move(session)) {}
  ~SessionClient() override { session_->abandon(); }

  Era era() const override { return session_->era(); }
  const std::string& protocol_version() const override { return session_->version(); }
  const std::string& instance() const override { return session_->instance(); }
  bool alive() const override { return session_->alive(); }
  std::string death_reason() const override { return session_->death_reason(); }
  async::Task<ToolList> list_tools(async::Deadline deadline) override {
    return session_->list_tools(deadline);
  }
  async::Task<CallReply> call_tool(std::string name, std::string arguments,
                                   CallOptions options) override {
    return session_->call_tool(std::move(name), std::move(arguments), std::move(options));
  }
  async::Task<void> ping(async::Deadline deadline) override { return session_->ping(deadline); }
  void on_tools_changed(std::function<void()> callback) override {
    session_->on_tools_changed(std::move(callback));
  }
  void on_death(std::function<void()> callback) override {
    session_->on_death(std::move(callback));
  }
  async::Task<void> close(async::Deadline deadline) override { return session_->close(deadline); }

 private:
  std::shared_ptr<Session> session_;
};

}  // namespace

std::unique_ptr<Client> make_client(std::shared_ptr<Session> session) {
  return std::make_unique<SessionClient>(std::move(session));
}

}  // namespace mcpo::mcp
