// Tells when a file may have changed: written, replaced by renaming, removed, or come into being
// together with its folders.
#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <filesystem>
#include <string>

#include "async/task.h"

namespace mcpo::sources {

// inotify on the file's folder, because editors replace files; on the nearest folder that is there
// while that one is not. One waiter at a time.
class FileWatch {
 public:
  FileWatch(const async::Executor& executor, std::filesystem::path file);

  // Returns a moment after something happened, so that one change in several steps is one; where
  // inotify is not to be had, every second. Only the caller can tell whether the content changed.
  async::Task<void> wait();

 private:
  void arm();
  async::Task<bool> read_events();

  std::filesystem::path file_;
  boost::asio::posix::stream_descriptor descriptor_;
  std::filesystem::path folder_;  // what is watched
  std::string name_;              // what matters in it: the file, or the next folder towards it
};

}  // namespace mcpo::sources
