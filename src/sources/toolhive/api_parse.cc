#include "sources/toolhive/api_parse.h"

#include <algorithm>
#include <optional>

#include "base/json.h"
#include "base/text.h"

namespace mcpo::sources::toolhive {
namespace {

std::unexpected<Error> corrupt(std::string_view what) {
  return fail(Errc::corrupt, "the answer " + std::string(what));
}

Result<RawJson> parse_object(std::string_view body) {
  const std::string_view text = trim(body);
  if (text.empty()) return corrupt("is empty");
  if (text.starts_with('<')) return corrupt("is a web page, not JSON: is this ToolHive?");
  auto json = parse_json(body, {});
  if (!json) return corrupt("is not JSON: " + json.error().message);
  if (!json->is_object()) return corrupt("is not a JSON object");
  return *json;
}

// nullopt: the member is there with a value of another kind.
std::optional<std::string> text_or_empty(std::optional<RawJson> value) {
  if (!value || value->is_null()) return std::string();
  return value->as_string();
}

Result<std::string> text_member(RawJson object, std::string_view name) {
  auto text = text_or_empty(object.find(name));
  if (!text) return corrupt("has a \"" + std::string(name) + "\" that is not a string");
  return *std::move(text);
}

Result<std::string> required_text(RawJson object, std::string_view name) {
  const auto value = object.find(name);
  auto text = value ? value->as_string() : std::nullopt;
  if (!text) return corrupt("has no \"" + std::string(name) + "\"");
  return *std::move(text);
}

// null is an empty array: Go writes nil slices so.
Result<RawJson> array_member(RawJson object, std::string_view name) {
  const auto value = object.find(name);
  if (!value) return corrupt("has no \"" + std::string(name) + "\"");
  if (!value->is_array() && !value->is_null()) {
    return corrupt("has \"" + std::string(name) + "\" that is not an array");
  }
  return *value;
}

// Reads the members of one item of the list in a single pass.
class ListItem {
 public:
  explicit ListItem(RawJson item) {
    for (const auto& member : item.members()) read(member);
    out_.transport = proxy_mode_.empty() ? std::move(transport_type_) : std::move(proxy_mode_);
    if (!item.is_object()) complain("an item of the list is not an object");
    if (item.is_object() && out_.name.empty()) complain("an item of the list has no name");
  }
  ListedWorkload take() { return std::move(out_); }

 private:
  void read(const RawJson::Member& member) {
    struct Text {
      std::string_view name;
      std::string& to;
    };
    const Text texts[] = {{"name", out_.name},
                          {"package", out_.package},
                          {"url", out_.url},
                          {"status", out_.status},
                          {"status_context", out_.status_context},
                          {"transport_type", transport_type_},
                          {"proxy_mode", proxy_mode_},
                          {"created_at", out_.created_at},
                          {"group", out_.group}};
    const auto* text =
        std::ranges::find_if(texts, [&](const Text& t) { return member.key_is(t.name); });
    if (text != std::end(texts)) return read_text(text->name, member.value, text->to);
    if (member.value.is_null()) return;
    if (member.key_is("remote")) {
      const auto flag = member.value.as_bool();
      if (!flag) complain("its \"remote\" is neither true nor false");
      out_.remote = flag.value_or(false);
    } else if (member.key_is("port")) {
      const auto port = member.value.as_int64();
      if (!port || *port < 0 || *port > 65535) return complain("its \"port\" is no port");
      out_.port = static_cast<int>(*port);
    }
  }

  void read_text(std::string_view name, RawJson value, std::string& to) {
    auto text = text_or_empty(value);
    if (!text) return complain("its \"" + std::string(name) + "\" is not a string");
    to = *std::move(text);
  }

  void complain(std::string_view what) {
    if (!out_.problem.empty()) out_.problem += "; ";
    out_.problem += what;
  }

  ListedWorkload out_;
  std::string transport_type_;
  std::string proxy_mode_;
};

Result<std::vector<std::string>> names_in(std::string_view body, std::string_view array,
                                          std::string_view member) {
  TRY(const RawJson answer, parse_object(body));
  TRY(const RawJson items, array_member(answer, array));
  std::vector<std::string> out;
  for (const RawJson item : items.elements()) {
    const auto value = item.find(member);
    auto name = value ? value->as_string() : std::nullopt;
    if (name && !name->empty()) out.push_back(*std::move(name));
  }
  return out;
}

void append_escaped(std::string& out, std::string_view segment) {
  for (const char c : segment) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
    if (is_plain) {
      out += c;
    } else {
      out.append("%").append(to_hex(std::string_view(&c, 1)));
    }
  }
}

void write_map(JsonWriter& json, std::string_view name,
               const std::map<std::string, std::string>& map) {
  if (map.empty()) return;
  json.key(name).begin_object();
  for (const auto& [key, value] : map) json.member(key, value);
  json.end_object();
}

Errc code_of(int status) {
  if (status == 401 || status == 403) return Errc::denied;
  if (status == 404) return Errc::not_found;
  if (status == 409) return Errc::conflict;
  if (status == 413) return Errc::too_large;
  if (status == 429 || status >= 500) return Errc::unavailable;
  if (status >= 400) return Errc::invalid;
  return Errc::corrupt;
}

Error general_refusal(int status) {
  const std::string number = std::to_string(status);
  if (status == 401 || status == 403) {
    return {Errc::denied, "ToolHive refuses (" + number +
                              "): it wants a bearer token, or another one; see --toolhive-token"};
  }
  if (status >= 300 && status < 400) {
    return {Errc::corrupt, "it redirects (" + number + "), which ToolHive never does"};
  }
  return {code_of(status), "HTTP status " + number};
}

std::optional<Error> registry_refusal(std::string_view body) {
  const auto json = parse_json(body, {.max_depth = 8});
  const auto member = json ? json->find("code") : std::nullopt;
  const std::string code = member ? member->as_string().value_or("") : "";
  if (code == "registry_auth_required") {
    return Error{Errc::denied, "ToolHive's registry wants a login: run `thv registry login`"};
  }
  if (code == "registry_legacy_format") {
    return Error{Errc::corrupt,
                 "ToolHive's registry file has the old format, which ToolHive no longer reads: "
                 "migrate it with `thv registry convert --in FILE --in-place`"};
  }
  if (code == "registry_unavailable") {
    return Error{Errc::unavailable,
                 "ToolHive cannot reach its registry: check its address with "
                 "`thv config get-registry`"};
  }
  return std::nullopt;
}

std::optional<Error> create_refusal(int status, std::string_view body) {
  const auto says = [&](std::string_view text) {
    return body.find(text) != std::string_view::npos;
  };
  if (status == 409) {
    return Error{Errc::conflict, "ToolHive has a workload of this name already"};
  }
  if (status == 404 && says("failed to resolve server from registry")) {
    return Error{Errc::not_found, "ToolHive's registry has no server of this name"};
  }
  if (status == 404) {
    return Error{Errc::not_found, "the image cannot be pulled: its registry does not have it"};
  }
  if (status == 400 && says("invalid workload name")) {
    return Error{Errc::invalid, "ToolHive does not accept this workload name"};
  }
  if (status == 400 && says("unknown registry")) {
    return Error{Errc::invalid, "ToolHive has no registry of this name"};
  }
  if (status == 400) {
    return Error{Errc::invalid, "ToolHive refuses the request (400); its log says why"};
  }
  if (status == 502 || status == 504) {
    return Error{Errc::timeout,
                 "something between us and ToolHive gave up waiting for its answer (" +
                     std::to_string(status) + ")"};
  }
  if (status == 500) {
    return Error{Errc::unavailable,
                 "ToolHive failed (500): the group or a secret may not exist, or the image took "
                 "longer than 10 minutes; its log says which"};
  }
  return std::nullopt;
}

}  // namespace

Result<std::vector<ListedWorkload>> parse_workload_list(std::string_view body) {
  TRY(const RawJson answer, parse_object(body));
  TRY(const RawJson items, array_member(answer, "workloads"));
  std::vector<ListedWorkload> out;
  for (const RawJson item : items.elements()) out.push_back(ListItem(item).take());
  return out;
}

Result<WorkloadDetails> parse_details(std::string_view body) {
  TRY(const RawJson answer, parse_object(body));
  WorkloadDetails out;
  TRY(out.url, text_member(answer, "url"));
  TRY(out.image, text_member(answer, "image"));
  TRY(out.group, text_member(answer, "group"));
  // It is the saved request: an object of another kind, such as an error, has neither.
  if (!answer.find("image") && !answer.find("url")) {
    return corrupt("describes no workload: it has neither \"url\" nor \"image\"");
  }
  return out;
}

Result<WorkloadExport> parse_export(std::string_view body) {
  TRY(const RawJson answer, parse_object(body));
  WorkloadExport out;
  TRY(out.registry_server_name, text_member(answer, "registry_server_name"));
  TRY(out.image, text_member(answer, "image"));
  if (!answer.find("name") && !answer.find("image") && !answer.find("remote_url")) {
    return corrupt("describes no workload: it has no \"name\", \"image\" or \"remote_url\"");
  }
  return out;
}

Result<std::string> parse_status(std::string_view body) {
  TRY(const RawJson answer, parse_object(body));
  return required_text(answer, "status");
}

Result<std::string> parse_version(std::string_view body) {
  TRY(const RawJson answer, parse_object(body));
  return required_text(answer, "version");
}

Result<std::vector<std::string>> parse_groups(std::string_view body) {
  return names_in(body, "groups", "name");
}

Result<std::vector<std::string>> parse_secret_keys(std::string_view body) {
  return names_in(body, "keys", "key");
}

Result<RegistryInfo> parse_registries(std::string_view body) {
  TRY(const RawJson answer, parse_object(body));
  TRY(const RawJson items, array_member(answer, "registries"));
  for (const RawJson item : items.elements()) {
    TRY(const std::string name, text_member(item, "name"));
    if (name != "default") continue;
    RegistryInfo out;
    TRY(out.last_updated, text_member(item, "last_updated"));
    TRY(out.auth_status, text_member(item, "auth_status"));
    TRY(out.type, text_member(item, "type"));
    return out;
  }
  return corrupt("has no registry \"default\"");
}

Created parse_created(std::string_view body) {
  Created out;
  const auto answer = parse_object(body);
  if (!answer) return out;
  out.name = text_member(*answer, "name").value_or("");
  const auto port = answer->find("port");
  const auto number = port ? port->as_int64() : std::nullopt;
  if (number && *number > 0 && *number <= 65535) out.port = static_cast<int>(*number);
  return out;
}

std::string create_body(const CreateRequest& request) {
  JsonWriter json;
  json.begin_object().member("name", request.name);
  json.member("registry", request.registry).member("server", request.server);
  if (!request.group.empty()) json.member("group", request.group);
  write_map(json, "env_vars", request.env);
  if (!request.secrets.empty()) {
    json.key("secrets").begin_array();
    for (const auto& secret : request.secrets) {
      json.begin_object().member("name", secret.name).member("target", secret.target).end_object();
    }
    json.end_array();
  }
  if (!request.headers.empty() || !request.headers_from_secrets.empty()) {
    json.key("header_forward").begin_object();
    write_map(json, "add_plaintext_headers", request.headers);
    write_map(json, "add_headers_from_secret", request.headers_from_secrets);
    json.end_object();
  }
  return json.end_object().take();
}

Result<std::string> workload_path(std::string_view name, std::string_view rest) {
  if (name.empty() || name == "." || name == "..") {
    return fail(Errc::invalid, "no workload has such a name");
  }
  std::string out = "/api/v1beta/workloads/";
  append_escaped(out, name);
  return out.append(rest);
}

Error refusal(Asked asked, int status, std::string_view body) {
  std::optional<Error> known;
  if (asked == Asked::registry) known = registry_refusal(body);
  if (asked == Asked::creating) known = create_refusal(status, body);
  return known ? *std::move(known) : general_refusal(status);
}

}  // namespace mcpo::sources::toolhive
