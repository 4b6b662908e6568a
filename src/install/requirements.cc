#include "install/requirements.h"

#include <algorithm>
#include <string_view>

#include "base/json.h"
#include "base/text.h"

namespace mcpo::install {
namespace {

using Kind = InputProblem::Kind;
using Values = std::map<std::string, std::string>;

constexpr std::size_t kMaxDescriptionBytes = 400;

enum class Place { environment, header };

// An input with what was given for it.
struct Slot {
  const RegistryInput* input;
  Place place;
  const std::string* value = nullptr;   // null: not given, or empty
  const std::string* secret = nullptr;  // name of a ToolHive secret
};

bool is_named(const Slot& slot, std::string_view name) {
  return slot.place == Place::header ? iequals_ascii(slot.input->name, name)
                                     : slot.input->name == name;
}

std::string how_to_give(const RegistryInput& input) {
  const std::string name = json_string(input.name);
  if (input.secret) return "secrets: {" + name + ": \"<name of an existing ToolHive secret>\"}";
  return "env: {" + name + ": \"" + (input.choices.empty() ? "..." : input.choices[0]) + "\"}";
}

// "REGION (environment variable, one of eu, us): Where data lives"
std::string described(const Slot& slot) {
  const RegistryInput& input = *slot.input;
  std::string out = input.name + " (";
  if (input.secret) out += "secret ";
  out += slot.place == Place::header ? "header" : "environment variable";
  if (!input.choices.empty()) out += ", one of " + join(input.choices, ", ");
  out += ")";
  const std::string_view text = trim(input.description);
  if (!text.empty()) out += ": " + ellipsized(to_valid_utf8(text), kMaxDescriptionBytes);
  return out;
}

class Assessor {
 public:
  Assessor(const RegistryEntry& entry, const GivenInputs& given) : given_(given) {
    for (const RegistryInput& input : entry.env) slots_.push_back({&input, Place::environment});
    for (const RegistryInput& input : entry.headers) slots_.push_back({&input, Place::header});
  }

  Assessment run(bool oauth) {
    for (const auto& [name, value] : given_.env) take_value(name, value);
    for (const auto& [name, secret] : given_.secrets) take_secret(name, secret);
    for (const Slot& slot : slots_) check(slot);
    if (oauth) {
      out_.remarks.emplace_back(
          "This server wants an OAuth login: ToolHive may open a browser on the machine where it "
          "runs, and the server answers only after the login there.");
    }
    return std::move(out_);
  }

 private:
  Slot* find_slot(const std::string& name) {
    const auto it = std::ranges::find_if(slots_, [&](const Slot& s) { return is_named(s, name); });
    return it == slots_.end() ? nullptr : &*it;
  }

  void take_value(const std::string& name, const std::string& value) {
    Slot* slot = find_slot(name);
    if (slot == nullptr) remark_unknown(name);
    if (slot != nullptr && !value.empty()) slot->value = &value;
    const bool is_header = slot != nullptr && slot->place == Place::header;
    (is_header ? out_.headers : out_.env)[is_header ? slot->input->name : name] = value;
  }

  void take_secret(const std::string& name, const std::string& secret) {
    Slot* slot = find_slot(name);
    if (slot == nullptr) remark_unknown(name);
    if (slot != nullptr) slot->secret = &secret;
    if (given_.env.contains(name) || (slot != nullptr && slot->value != nullptr)) {
      add(Kind::given_twice, name, name + " is given in env and in secrets; give it in one only");
    }
    const auto& existing = given_.existing_secrets;
    if (existing && std::ranges::find(*existing, secret) == existing->end()) {
      add(Kind::no_such_secret, name,
          name +
              ": ToolHive has no secret of the name that was given. `thv secret list` shows "
              "those that exist, `thv secret set NAME` makes one");
    }
    const bool is_header = slot != nullptr && slot->place == Place::header;
    (is_header ? out_.headers_from_secrets : out_.secrets)[is_header ? slot->input->name : name] =
        secret;
  }

  void check(const Slot& slot) {
    const RegistryInput& input = *slot.input;
    const bool is_given = slot.value != nullptr || slot.secret != nullptr;
    if (!is_given && input.required && input.fallback.empty()) {
      add(Kind::missing, input.name, described(slot) + "; give " + how_to_give(input));
    }
    const bool is_choice = slot.value == nullptr || input.choices.empty() ||
                           std::ranges::find(input.choices, *slot.value) != input.choices.end();
    if (!is_choice) {
      add(Kind::not_a_choice, input.name,
          described(slot) + "; the given value is none of these, give " + how_to_give(input));
    }
  }

  void remark_unknown(const std::string& name) {
    std::vector<std::string> names;
    for (const Slot& slot : slots_) names.push_back(slot.input->name);
    const auto nearest = nearest_names(name, names, 1);
    out_.remarks.push_back("The registry knows no variable " + name +
                           " of this server; it is passed on as it is" +
                           (nearest.empty() ? "." : ". Was " + nearest[0] + " meant?"));
  }

  void add(Kind kind, const std::string& input, std::string text) {
    out_.problems.push_back({kind, input, std::move(text)});
  }

  const GivenInputs& given_;
  std::vector<Slot> slots_;
  Assessment out_;
};

}  // namespace

Requirements requirements_of(const RegistryEntry& entry) {
  Requirements out;
  for (const RegistryInput& input : entry.env) {
    (input.secret ? out.secrets : out.env).push_back(input);
  }
  out.headers = entry.headers;
  out.oauth = entry.oauth;
  return out;
}

Assessment assess(const RegistryEntry& entry, const GivenInputs& given) {
  return Assessor(entry, given).run(entry.oauth);
}

std::string refusal_text(const RegistryEntry& entry, const Assessment& assessment) {
  std::string out = entry.name + " was not installed. Missing or wrong:";
  for (const InputProblem& problem : assessment.problems) out += "\n- " + problem.text;
  for (const std::string& remark : assessment.remarks) out += "\n" + remark;
  return out;
}

}  // namespace mcpo::install
