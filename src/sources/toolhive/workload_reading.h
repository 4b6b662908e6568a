// One cycle's reading of the workloads: from the list to what each of them is. Which requests that
// takes is decided at once from the list and what was known; each is a job, and jobs may run side
// by side in any order.
//
//   remote workloads        details (the upstream URL), and /export once in their life
//   containers              /export once in their life
//   known, not listed       status by name: only 404 proves that it is gone
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sources/source.h"
#include "sources/toolhive/api.h"

namespace mcpo::sources::toolhive {

struct ReadingOptions {
  std::set<std::string> skipped;  // SKIPPED_WORKLOADS: whole names
  IsOurselves is_ourselves;
  // For what must be compared over restarts and must not be guessed. The key lives outside the
  // database; nothing is remembered of a URL but this hash.
  std::string hash_key;
  // Where ToolHive is when that is not this machine: the list then says 127.0.0.1 of that one.
  std::string proxy_host;
};

// What the list alone says: all but the identity.
Workload make_workload(const ListedWorkload& listed);
bool is_remote(const ListedWorkload& listed);

// On the I/O thread. Borrows options and history.
class WorkloadReading {
 public:
  // `last` names those to ask last, because they did not answer when they were asked.
  WorkloadReading(std::shared_ptr<Api> api, const ReadingOptions& options, const History& history,
                  std::vector<ListedWorkload> list, const std::set<std::string>& last);

  std::size_t jobs() const { return jobs_.size(); }
  // Ends by `until`. An error of a request is kept for finish(), not returned.
  async::Task<void> run(std::size_t job, async::Deadline until);
  // After all jobs: everything but the registry. Sets the state to complete or partial.
  void finish(Observation& out);
  // Those that were asked and did not answer, for the next cycle. Who was not asked, because the
  // time was over, is not among them: else those behind many silent ones would never have a turn.
  const std::set<std::string>& silent() const { return silent_; }

 private:
  struct Item {
    Workload workload;
    bool remote = false;
    bool asked = false;                   // while there was time
    std::string trouble;                  // why it cannot be told what it is; empty: it can
    std::optional<std::string> left_out;  // why
  };
  enum class Kind { remote, container, absent };
  struct Job {
    Kind kind;
    std::size_t index;  // of items_, or of absent_
  };
  struct Recorded;  // what an /export said, as remembered

  void add(ListedWorkload listed);
  void plan_absent();
  bool is_known_recording(const Item& item) const;
  std::optional<Recorded> remembered(const std::string& name) const;
  std::string url_hash(const std::string& url) const;
  void use(const Recorded& recorded, Item& item) const;
  async::Task<void> read_remote(Item& item, async::Deadline until);
  async::Task<void> read_recording(Item& item, async::Deadline until);
  async::Task<void> ask_absent(std::size_t index, async::Deadline until);
  void finish_item(Item& item, Observation& out);
  void forget_old(Observation& out) const;

  std::shared_ptr<Api> api_;
  const ReadingOptions& options_;
  const History& history_;
  std::vector<Item> items_;
  std::set<std::string> listed_;
  std::vector<std::string> absent_;  // known, not listed
  std::vector<Unreadable> gone_;
  std::vector<Unreadable> unanswered_;  // of absent_
  std::vector<std::string> nameless_;   // what is wrong with items without a name
  std::vector<Job> jobs_;
  std::map<std::string, std::optional<std::string>> memory_;
  std::set<std::string> silent_;
};

}  // namespace mcpo::sources::toolhive
