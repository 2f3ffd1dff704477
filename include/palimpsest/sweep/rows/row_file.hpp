// A results file that grows by whole rows and never loses one: locked against a second process, cut back after a failed
// write, repaired after a kill, and put in its final order by one atomic rename.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "palimpsest/core/file.hpp"
#include "palimpsest/sweep/rows/row.hpp"

namespace palimpsest::sweep {

/// To read is to leave the file as it is, to fail if it isn't there, and to share the lock with other readers.
enum class Access { read, write };

class RowFile {
 public:
  struct Row {
    std::size_t line;                 ///< from 1, the header's
    std::vector<std::string> fields;  ///< canonical (row.hpp), whatever tool wrote the file
    std::string text;                 ///< the fields as append() writes them
  };

  /// The schema must outlive it. Opens (or, to write, creates) the file, locks it until destruction (the lock dies with the process) and reads it;
  /// changes nothing in it. Where there are no locks it does without. Throws OutputError if it can't be opened or
  /// another process holds the lock, and ConfigurationError if its header isn't the schema's or a row other than a torn
  /// last one is malformed.
  RowFile(const std::filesystem::path& path, const Schema& schema, Access access, Flock flock = ::flock);
  ~RowFile();
  RowFile(const RowFile&) = delete;
  RowFile& operator=(const RowFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  const Schema& schema() const { return schema_; }
  /// Those that were there and those that were appended since.
  const std::vector<Row>& rows() const { return rows_; }
  /// Whether other processes are kept from it.
  bool locked() const { return locked_; }
  /// Whether the last line was cut off; it isn't among rows().
  bool torn() const { return torn_; }

  /// Makes the file ready for append(): cuts off a torn last line, gives a new file its header. What another tool wrote
  /// is written again as this one writes it.
  void start();
  /// Writes the row and its line end, or throws OutputError and leaves the file as it was.
  void append(const std::string& row);
  /// The file with just these rows, or as it was: throws OutputError.
  void replace(const std::vector<std::string>& rows);

 private:
  void open_and_lock(Access access);
  void parse(const std::string& content);
  void write_line(const std::string& row);
  void check_header(const std::optional<std::vector<std::string>>& fields) const;

  std::filesystem::path path_;
  const Schema& schema_;
  std::string header_;
  Flock flock_;
  bool locked_ = false;
  int descriptor_ = -1;
  std::size_t size_ = 0;  ///< bytes of whole lines
  std::vector<Row> rows_;
  bool torn_ = false;
  bool foreign_ = false;  ///< its rows, or what is between them, aren't written as append() writes them
};

}  // namespace palimpsest::sweep
