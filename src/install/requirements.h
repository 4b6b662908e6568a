// What a registry entry needs before it can run, and what of it is still missing. Pure: values in,
// values out. No text made here holds a value, or a secret's name, that a user gave.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/registry_entry.h"

namespace mcpo::install {

// An entry's inputs as search_registry shows them; secret variables are apart from plain ones.
struct Requirements {
  std::vector<RegistryInput> env;
  std::vector<RegistryInput> secrets;
  std::vector<RegistryInput> headers;  // of a remote server
  bool oauth = false;
};
Requirements requirements_of(const RegistryEntry& entry);

// What a user gives, by the name of a variable or of a header. Headers' names in any letter case.
struct GivenInputs {
  std::map<std::string, std::string> env;      // name -> value
  std::map<std::string, std::string> secrets;  // name -> name of a secret that ToolHive has
  std::optional<std::vector<std::string>> existing_secrets;  // nullopt: cannot be known
};

struct InputProblem {
  enum class Kind {
    missing,         // required, not given, and the registry has no default
    not_a_choice,    // the value is none of those that are allowed
    no_such_secret,  // ToolHive has no secret of the given name
    given_twice,     // as a value and as a secret
  };
  Kind kind;
  std::string input;  // its name
  std::string text;   // what it is and how to give it
  bool operator==(const InputProblem&) const = default;
};

struct Assessment {
  std::vector<InputProblem> problems;  // with any of them nothing is installed
  std::vector<std::string> remarks;    // worth knowing; they stop nothing
  // What was given, sorted into where ToolHive wants it.
  std::map<std::string, std::string> env;
  std::map<std::string, std::string> secrets;
  std::map<std::string, std::string> headers;
  std::map<std::string, std::string> headers_from_secrets;
};
Assessment assess(const RegistryEntry& entry, const GivenInputs& given);

// All problems as one text for a model: what is wrong, item by item, and how to say it right.
std::string refusal_text(const RegistryEntry& entry, const Assessment& assessment);

}  // namespace mcpo::install
