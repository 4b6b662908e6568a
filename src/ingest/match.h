// Which registry entry a workload is (DESIGN section 2, "Match order"; contracts/toolhive.md 2.5).
// Pure. Identity is the upstream URL or the image, never the name.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/server_key.h"
#include "catalog/model.h"

namespace mcpo::ingest {

// What a workload is compared by. URLs may hold secrets: nothing of them is kept.
struct MatchFacts {
  std::string_view upstream_url;    // of a remote workload; then the image does not count
  std::string_view image;           // of a container: its reference, or npx://, uvx://, go://
  std::string_view recorded_entry;  // the entry that it was started from; empty: not known
};

// A registry prepared for many look-ups. Immutable.
class MatchIndex {
 public:
  // nullptr: no registry, nothing matches.
  explicit MatchIndex(std::shared_ptr<const catalog::Registry> registry);

  // The first rule that hits decides. Of several entries that it hits the recorded one is linked,
  // else the best (Active, Official, short name); the rest become `others`, best first. Where no
  // rule hits, the recorded entry is linked as `recorded`.
  catalog::Link match(const MatchFacts& facts) const;

  const std::shared_ptr<const catalog::Registry>& registry() const { return registry_; }

 private:
  using Candidates = std::vector<const RegistryEntry*>;
  using Table = std::map<std::string, Candidates, std::less<>>;
  struct Hit {
    catalog::MatchRule rule = catalog::MatchRule::none;
    Candidates entries;
  };
  void add_url(const RegistryEntry& entry);
  void add_image(const RegistryEntry& entry);
  static const Candidates* find(const Table& table, std::string_view key);
  Hit find_url(std::string_view url) const;
  Hit find_image(std::string_view image) const;
  Hit find_repository(std::string_view image) const;

  std::shared_ptr<const catalog::Registry> registry_;
  Table by_url_;              // verbatim
  Table by_normal_url_;       // user information never gets here
  Candidates templates_;      // URLs with {variables}
  Table by_image_;            // verbatim
  Table by_repository_;       // host and repository
  Candidates scheme_images_;  // npx:// and the like: few or none
};

// One index per source, built again only when its registry is another object.
class MatchIndexes {
 public:
  const MatchIndex& of(const SourceInstance& origin,
                       const std::shared_ptr<const catalog::Registry>& registry);

 private:
  std::map<SourceInstance, MatchIndex> indexes_;
};

}  // namespace mcpo::ingest
