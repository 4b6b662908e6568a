#include "sources/toolhive/registry.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "base/json.h"
#include "base/text.h"

namespace mcpo::sources::toolhive {
namespace {

using Member = RawJson::Member;

// Names that stand for "ask the running server".
constexpr std::array<std::string_view, 2> kPlaceholderTools{"set_during_runtime",
                                                            "dynamic_tools_from_ide"};
constexpr std::string_view kPublisherMeta = "io.modelcontextprotocol.registry/publisher-provided";
constexpr std::string_view kOfficialMeta = "io.modelcontextprotocol.registry/official";

std::string text_of(RawJson value) { return value.as_string().value_or(""); }

std::string text_in(RawJson object, std::string_view name) {
  const auto value = object.find(name);
  return value ? text_of(*value) : "";
}

// Defaults and choices are strings, but people write 8080 and true.
std::string scalar_text(RawJson value) {
  const JsonKind kind = value.kind();
  const bool is_bare = kind == JsonKind::number || kind == JsonKind::boolean;
  return is_bare ? std::string(value.text()) : text_of(value);
}

std::vector<std::string> texts_in(RawJson array) {
  std::vector<std::string> out;
  for (const RawJson element : array.elements()) {
    if (auto text = element.as_string()) out.push_back(*std::move(text));
  }
  return out;
}

bool is_placeholder(std::string_view tool) {
  return std::ranges::find(kPlaceholderTools, tool) != kPlaceholderTools.end();
}

// Both dialects: "required" of ToolHive, "isRequired" of ServerJSON.
RegistryInput read_input(RawJson object) {
  RegistryInput out;
  for (const Member& member : object.members()) {
    const RawJson value = member.value;
    if (member.key_is("name")) {
      out.name = text_of(value);
    } else if (member.key_is("description")) {
      out.description = text_of(value);
    } else if (member.key_is("required") || member.key_is("isRequired")) {
      out.required = out.required || value.as_bool().value_or(false);
    } else if (member.key_is("secret") || member.key_is("isSecret")) {
      out.secret = out.secret || value.as_bool().value_or(false);
    } else if (member.key_is("default")) {
      out.fallback = scalar_text(value);
    } else if (member.key_is("choices")) {
      out.choices = texts_in(value);
    } else if (member.key_is("variables")) {
      // Parts of its value: "Bearer {token}".
      for (const Member& variable : value.members()) {
        const RegistryInput part = read_input(variable.value);
        out.required = out.required || part.required;
        out.secret = out.secret || part.secret;
      }
    }
  }
  return out;
}

std::vector<RegistryInput> read_inputs(RawJson array) {
  std::vector<RegistryInput> out;
  for (const RawJson element : array.elements()) {
    RegistryInput input = read_input(element);
    if (!input.name.empty()) out.push_back(std::move(input));
  }
  return out;
}

// The named tools in their order, then those that are only defined.
std::vector<RegistryTool> read_tools(RawJson names, RawJson definitions) {
  std::map<std::string, std::string> defined;
  std::vector<std::string> order = texts_in(names);
  for (const RawJson definition : definitions.elements()) {
    std::string name = text_in(definition, "name");
    if (!name.empty() && defined.emplace(name, minified(definition)).second) order.push_back(name);
  }
  std::vector<RegistryTool> out;
  std::map<std::string, bool> seen;
  for (std::string& name : order) {
    if (name.empty() || is_placeholder(name) || !seen.emplace(name, true).second) continue;
    const auto found = defined.find(name);
    std::string definition = found == defined.end() ? "" : found->second;
    out.push_back({std::move(name), std::move(definition)});
  }
  return out;
}

// The members that ToolHive's own form and the publisher's part of a ServerJSON share.
class EntryReader {
 public:
  explicit EntryReader(RegistryEntry& entry) : entry_(entry) {}

  void read(RawJson object) {
    for (const Member& member : object.members()) read_member(member);
    auto tools = read_tools(tool_names_, tool_definitions_);
    if (!tools.empty()) entry_.tools = std::move(tools);
  }

 private:
  void read_member(const Member& member) {
    struct Text {
      std::string_view name;
      std::string& to;
    };
    const Text texts[] = {
        {"title", entry_.title},       {"description", entry_.description},
        {"overview", entry_.overview}, {"transport", entry_.transport},
        {"tier", entry_.tier},         {"status", entry_.status},
        {"image", entry_.image},       {"url", entry_.url},
    };
    const RawJson value = member.value;
    if (value.is_null()) return;
    const auto* text =
        std::ranges::find_if(texts, [&](const Text& t) { return member.key_is(t.name); });
    if (text != std::end(texts)) {
      if (auto found = value.as_string(); found && !found->empty()) text->to = *std::move(found);
    } else if (member.key_is("tags")) {
      entry_.tags = texts_in(value);
    } else if (member.key_is("env_vars")) {
      entry_.env = read_inputs(value);
    } else if (member.key_is("headers")) {
      entry_.headers = read_inputs(value);
    } else if (member.key_is("oauth_config")) {
      entry_.oauth = value.is_object() && value.size() > 0;
    } else if (member.key_is("tools")) {
      tool_names_ = value;
    } else if (member.key_is("tool_definitions")) {
      tool_definitions_ = value;
    }
  }

  RegistryEntry& entry_;
  RawJson tool_names_;
  RawJson tool_definitions_;
};

RegistryEntry read_own_form(std::string name, RawJson object, bool is_remote) {
  RegistryEntry entry;
  entry.name = std::move(name);
  EntryReader(entry).read(object);
  entry.remote = is_remote || (entry.image.empty() && !entry.url.empty());
  return entry;
}

// Older revisions of ServerJSON keep the version beside the identifier.
std::string package_reference(std::string_view kind, RawJson package) {
  std::string identifier = text_in(package, "identifier");
  const std::string version = text_in(package, "version");
  const bool is_image = kind == "oci" || kind == "docker";
  if (is_image) {
    const auto slash = identifier.rfind('/');
    const bool has_version =
        identifier.find_first_of(":@", slash == std::string::npos ? 0 : slash) != std::string::npos;
    return has_version || version.empty() ? identifier : identifier + ":" + version;
  }
  const std::string scheme = kind == "npm" ? "npx://" : kind == "pypi" ? "uvx://" : "";
  if (scheme.empty() || identifier.empty()) return "";
  return scheme + identifier + (version.empty() ? "" : "@" + version);
}

std::string package_kind(RawJson package) {
  std::string kind = text_in(package, "registryType");
  return kind.empty() ? text_in(package, "registry_type") : kind;
}

// An image before anything else, because that is what ToolHive runs from a registry.
std::optional<RawJson> best_package(RawJson packages) {
  std::optional<RawJson> first;
  for (const RawJson package : packages.elements()) {
    const std::string kind = package_kind(package);
    if (kind == "oci" || kind == "docker") return package;
    if (!first) first = package;
  }
  return first;
}

void read_package(RawJson package, RegistryEntry& entry) {
  entry.image = package_reference(package_kind(package), package);
  if (const auto transport = package.find("transport")) {
    entry.transport = text_in(*transport, "type");
  }
  if (const auto env = package.find("environmentVariables")) entry.env = read_inputs(*env);
}

void read_remote(RawJson remote, RegistryEntry& entry) {
  entry.remote = true;
  entry.url = text_in(remote, "url");
  entry.transport = text_in(remote, "type");
  if (const auto headers = remote.find("headers")) entry.headers = read_inputs(*headers);
}

// _meta[publisher][NAMESPACE][image or URL]: the extension for what the entry runs, else the only
// one that is there.
void read_publishers(RawJson publishers, RegistryEntry& entry) {
  const std::string url = entry.url;
  const std::string image = entry.image;
  for (const Member& publisher : publishers.members()) {
    std::optional<RawJson> chosen;
    const bool is_only = publisher.value.size() == 1;
    for (const Member& extension : publisher.value.members()) {
      const std::string key = extension.name();
      if (key == (entry.remote ? url : image)) {
        chosen = extension.value;
        break;
      }
      if (is_only) chosen = extension.value;
    }
    if (chosen && chosen->is_object()) EntryReader(entry).read(*chosen);
  }
  // Who it is stays what the entry itself says.
  entry.url = url;
  entry.image = image;
}

void read_meta(RawJson meta, RegistryEntry& entry) {
  if (const auto official = meta.find(kOfficialMeta)) {
    const std::string status = text_in(*official, "status");
    if (status == "active") entry.status = "Active";
    if (status == "deprecated") entry.status = "Deprecated";
  }
  if (const auto publishers = meta.find(kPublisherMeta)) read_publishers(*publishers, entry);
}

RegistryEntry read_server_json(RawJson object, std::optional<RawJson> outer_meta) {
  RegistryEntry entry;
  std::optional<RawJson> packages, remotes, meta;
  for (const Member& member : object.members()) {
    if (member.key_is("name")) entry.name = text_of(member.value);
    if (member.key_is("title")) entry.title = text_of(member.value);
    if (member.key_is("description")) entry.description = text_of(member.value);
    if (member.key_is("packages")) packages = member.value;
    if (member.key_is("remotes")) remotes = member.value;
    if (member.key_is("_meta")) meta = member.value;
  }
  const auto remote = remotes ? remotes->elements() : RawJson().elements();
  const auto package = packages ? best_package(*packages) : std::nullopt;
  if (remote.begin() != remote.end()) {
    read_remote(*remote.begin(), entry);
  } else if (package) {
    read_package(*package, entry);
  }
  if (outer_meta) read_meta(*outer_meta, entry);
  if (meta) read_meta(*meta, entry);
  return entry;
}

bool is_server_json(RawJson object) {
  return object.find("packages") || object.find("remotes") || object.find("$schema") ||
         object.find("_meta");
}

class RegistryParser {
 public:
  Result<ParsedRegistry> read(RawJson whole) {
    RawJson body = whole;
    if (const auto inner = whole.find("registry"); inner && inner->is_object()) body = *inner;
    if (const auto data = body.find("data"); data && data->is_object()) body = *data;
    const auto servers = body.find("servers");
    const auto remotes = body.find("remote_servers");
    if (!is_collection(servers) && !is_collection(remotes)) {
      return fail(Errc::corrupt, "the answer is not a registry: it has no \"servers\"");
    }
    if (servers) read_collection(*servers, false);
    if (remotes) read_collection(*remotes, true);
    out_.reading.last_updated = last_updated(whole, body);
    if (const auto metadata = whole.find("metadata")) {
      const auto total = metadata->find("total");
      const auto number = total ? total->as_int64() : std::nullopt;
      if (number && *number > 0) out_.total = static_cast<std::size_t>(*number);
    }
    for (auto& [name, entry] : entries_) out_.reading.entries.push_back(std::move(entry));
    return std::move(out_);
  }

 private:
  // Go writes empty maps and arrays as null.
  static bool is_collection(std::optional<RawJson> value) {
    return value && (value->is_object() || value->is_array() || value->is_null());
  }

  static std::string last_updated(RawJson whole, RawJson body) {
    std::string out = text_in(whole, "last_updated");
    if (out.empty()) out = text_in(body, "last_updated");
    const auto meta = whole.find("meta");
    return out.empty() && meta ? text_in(*meta, "last_updated") : out;
  }

  void read_collection(RawJson servers, bool are_remote) {
    for (const Member& member : servers.members()) {
      read_item(member.name(), member.value, are_remote);
    }
    for (const RawJson element : servers.elements()) read_item("", element, are_remote);
  }

  void read_item(std::string key, RawJson item, bool is_remote) {
    const auto wrapped = item.find("server");
    if (wrapped && wrapped->is_object()) {
      add(read_server_json(*wrapped, item.find("_meta")));
    } else if (key.empty() && is_server_json(item)) {
      add(read_server_json(item, std::nullopt));
    } else if (item.is_object()) {
      if (key.empty()) key = text_in(item, "name");
      add(read_own_form(std::move(key), item, is_remote));
    } else {
      out_.problems.push_back(key.empty() ? "an entry is not an object"
                                          : "entry \"" + key + "\" is not an object");
    }
  }

  void add(RegistryEntry entry) {
    if (entry.name.empty()) {
      out_.problems.emplace_back("an entry has no name");
      return;
    }
    std::string name = entry.name;
    if (!entries_.emplace(name, std::move(entry)).second) {
      out_.problems.push_back("entry \"" + name + "\" is there twice; the first one counts");
    }
  }

  ParsedRegistry out_;
  std::map<std::string, RegistryEntry> entries_;
};

}  // namespace

Result<ParsedRegistry> parse_registry(std::string_view text) {
  if (trim(text).starts_with('<')) {
    return fail(Errc::corrupt, "the answer is a web page, not JSON");
  }
  auto json = parse_json(text, {});
  if (!json && json.error().code == Errc::too_large) return std::unexpected(json.error());
  if (!json) return fail(Errc::corrupt, "the answer is not JSON: " + json.error().message);
  if (!json->is_object()) return fail(Errc::corrupt, "the answer is not a JSON object");
  return RegistryParser().read(*json);
}

}  // namespace mcpo::sources::toolhive
