import Core
import Testing

@Suite("Which shard this process is")
struct ShardTests {
  @Test("i/n counts from 1; everything else is a mistake that is named")
  func text() throws {
    #expect(try Shard("2/7") == Shard(index: 2, count: 7) && Shard("1/1").description == "1/1")
    for text in ["", "2", "0/7", "8/7", "-1/7", "2/0", "2/7/9", "two/7", "2/10001", "2 / 7", "99999999999999999999/7"] {
      let error = #expect(throws: SluiceError.self) { try Shard(text) }
      #expect(error?.exitCode == .usage && error?.message.contains("'\(text)'") == true)
    }
  }

  @Test("the ledger of a shard stands beside the run's and keeps its extension")
  func ledgers() throws {
    let shard = try Shard("2/7")
    let paths = [
      ".sluice/ledger.sqlite": ".sluice/ledger.shard-2-of-7.sqlite", "l": "l.shard-2-of-7",
      "/a.b/.hidden": "/a.b/.hidden.shard-2-of-7", "a/é.x.db": "a/é.x.shard-2-of-7.db", "folder/": "folder/",
    ]
    for (path, own) in paths { #expect(shard.ledger(beside: path) == own) }
  }

  @Test(
    "engines are understood as each counts",
    arguments: [
      (["SLUICE_SHARD": "2/7", "CI_NODE_INDEX": "3", "CI_NODE_TOTAL": "4"], "2/7"),
      (["JOB_COMPLETION_INDEX": "0", "SLUICE_SHARDS": "4"], "1/4"),
      (["JOB_COMPLETION_INDEX": "3", "SLUICE_SHARDS": "4"], "4/4"),
      (
        [
          "SLURM_ARRAY_TASK_ID": "12", "SLURM_ARRAY_TASK_MIN": "10", "SLURM_ARRAY_TASK_MAX": "13",
          "SLURM_ARRAY_TASK_COUNT": "4",
        ], "3/4"
      ),
      (["CI_NODE_INDEX": "4", "CI_NODE_TOTAL": "4", "SLUICE_SHARD": ""], "4/4"),
    ])
  func engines(environment: [String: String], shard: String) throws {
    #expect(try Shard(environment: environment).description == shard)
  }

  @Test(
    "what is no shard is refused and names its variable",
    arguments: [
      ([:], "--shard auto"), (["SLUICE_SHARD": "7"], "SLUICE_SHARD"), (["JOB_COMPLETION_INDEX": "1"], "SLUICE_SHARDS"),
      (["JOB_COMPLETION_INDEX": "4", "SLUICE_SHARDS": "4"], "JOB_COMPLETION_INDEX"),
      (["JOB_COMPLETION_INDEX": "-1", "SLUICE_SHARDS": "4"], "JOB_COMPLETION_INDEX"),
      (["JOB_COMPLETION_INDEX": "\(Int.max)", "SLUICE_SHARDS": "4"], "JOB_COMPLETION_INDEX"),
      (["CI_NODE_INDEX": "1"], "CI_NODE_TOTAL"), (["CI_NODE_INDEX": "x", "CI_NODE_TOTAL": "2"], "CI_NODE_INDEX"),
      // Two engines that contradict each other.
      (
        ["CI_NODE_INDEX": "1", "CI_NODE_TOTAL": "4", "JOB_COMPLETION_INDEX": "1", "SLUICE_SHARDS": "4"],
        "CI_NODE_INDEX"
      ),
      // One task of an array that is submitted again as an array of its own.
      (
        [
          "SLURM_ARRAY_TASK_ID": "3", "SLURM_ARRAY_TASK_MIN": "3", "SLURM_ARRAY_TASK_MAX": "3",
          "SLURM_ARRAY_TASK_COUNT": "1", "SLUICE_SHARDS": "4",
        ], "SLUICE_SHARDS"
      ),
      // An array with gaps.
      (
        [
          "SLURM_ARRAY_TASK_ID": "3", "SLURM_ARRAY_TASK_MIN": "1", "SLURM_ARRAY_TASK_MAX": "7",
          "SLURM_ARRAY_TASK_COUNT": "3",
        ], "gaps"
      ),
      (
        [
          "SLURM_ARRAY_TASK_ID": "\(Int.min)", "SLURM_ARRAY_TASK_MIN": "1", "SLURM_ARRAY_TASK_MAX": "4",
          "SLURM_ARRAY_TASK_COUNT": "4",
        ], "SLURM_ARRAY_TASK_ID"
      ),
    ])
  func mistakes(environment: [String: String], named: String) throws {
    let error = #expect(throws: SluiceError.self) { try Shard(environment: environment) }
    #expect(error?.exitCode == .usage && error?.message.contains(named) == true, "\(String(describing: error))")
  }
}
