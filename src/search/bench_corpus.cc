#include "search/bench_corpus.h"

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <random>
#include <sstream>

#include "base/json.h"

namespace mcpo::search {
namespace {

constexpr const char* kVerbs[] = {"create", "get",    "list",  "delete", "update",
                                  "search", "send",   "run",   "export", "import",
                                  "add",    "remove", "fetch", "query"};
constexpr const char* kNouns[] = {
    "issue",     "repository", "file",     "message", "channel", "table",  "database",  "page",
    "user",      "calendar",   "event",    "invoice", "branch",  "commit", "dashboard", "metric",
    "container", "node",       "document", "comment", "project", "task",   "image",     "log"};
constexpr const char* kFillers[] = {
    "the",   "of",       "a",       "with",   "and",     "for",    "by",         "returns",
    "given", "optional", "details", "filter", "results", "name",   "identifier", "page",
    "limit", "format",   "status",  "type",   "value",   "content"};

template <std::size_t N>
const char* any_of(const char* const (&words)[N], std::mt19937& random) {
  return words[random() % N];
}

// A word of 20,000, the k-th about 1/k as often as the first: most are rare, as in real texts.
std::string rare_word(std::mt19937& random) {
  const double share = static_cast<double>(random() % 100'000) / 100'000;
  const auto rank = static_cast<unsigned>(std::exp(share * std::log(20'000.)));
  std::string word;
  for (unsigned n = rank * 2654435761U % 100003 + 27; n > 0; n /= 26) {
    word += static_cast<char>('a' + n % 26);
  }
  return word;
}

std::string made_up_text(std::mt19937& random, std::size_t words) {
  std::string out;
  for (std::size_t i = 0; i < words; ++i) {
    switch (random() % 5) {
      case 0:
        out += any_of(kVerbs, random);
        break;
      case 1:
        out += any_of(kNouns, random);
        break;
      case 2:
        out += rare_word(random);
        break;
      default:
        out += any_of(kFillers, random);
    }
    out += ' ';
  }
  return out;
}

std::vector<Document> made_up_documents(std::size_t count) {
  std::mt19937 random(1);
  std::vector<Document> out;
  for (std::size_t i = 0; i < count; ++i) {
    Document d;
    d.server = std::string(any_of(kNouns, random)) + "-server-" + std::to_string(i / 25);
    d.name = std::string(any_of(kVerbs, random)) + "_" + any_of(kNouns, random);
    d.description = made_up_text(random, 10 + random() % 60);
    for (auto n = random() % 7; n > 0; --n) d.parameter_names += made_up_text(random, 1);
    d.parameter_texts = made_up_text(random, random() % 50);
    out.push_back(std::move(d));
  }
  return out;
}

std::string text_of(RawJson object, std::string_view name) {
  const auto value = object.find(name);
  return value ? value->as_string().value_or("") : std::string();
}

void read_server(RawJson line, std::vector<Document>& out) {
  const auto tools = line.find("tools");
  if (!tools) return;
  for (const RawJson tool : tools->elements()) {
    Document d{.server = text_of(line, "server"), .name = text_of(tool, "name")};
    d.description = text_of(tool, "description");
    const auto schema = tool.find("inputSchema");
    const auto properties = schema ? schema->find("properties") : std::nullopt;
    if (properties) {
      for (const auto& member : properties->members()) {
        d.parameter_names += member.name() + " ";
        d.parameter_texts += text_of(member.value, "description") + " ";
      }
    }
    out.push_back(std::move(d));
  }
}

}  // namespace

std::vector<Document> bench_documents(std::size_t count) {
  const char* path = std::getenv("MCPO_BENCH_TOOLS");
  if (path == nullptr || *path == '\0') return made_up_documents(count);
  std::vector<Document> real;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (const auto json = parse_json(line, {})) read_server(*json, real);
  }
  if (real.empty()) return made_up_documents(count);
  std::vector<Document> out;
  for (std::size_t i = 0; i < count; ++i) {
    out.push_back(real[i % real.size()]);
    if (i >= real.size()) out.back().server += "-" + std::to_string(i / real.size());
  }
  return out;
}

std::vector<std::string> bench_requests(const std::vector<Document>& documents, std::size_t count) {
  std::mt19937 random(2);
  std::vector<std::string> out;
  while (out.size() < count) {
    std::istringstream words(documents[random() % documents.size()].description);
    std::string request;
    std::size_t kept = 0;
    const std::size_t wanted = 4 + random() % 9;
    for (std::string word; kept < wanted && words >> word;) {
      if (random() % 3 == 0) continue;
      request += word + " ";
      ++kept;
    }
    out.push_back(kept >= 3 ? request : "list the files of a project and search them");
  }
  return out;
}

}  // namespace mcpo::search
