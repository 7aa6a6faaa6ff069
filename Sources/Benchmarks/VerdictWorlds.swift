/// The worlds of the verdicts benchmark: suites as people have them, each at its limits exactly.
extension VerdictWorld {
  static let all: [VerdictWorld] =
    (independent + clustered + uneven + wholeClusters + sizeAndWeakness + copies + judges + gaps).map { world in
      var world = world
      world.stopsEarly = stoppingEarly.contains(world.name)
      return world
    }

  /// One of each kind: looking all the time pays for itself or doesn't, whatever the kind's other worlds do.
  private static let stoppingEarly: Set<String> = [
    "iid-100", "iid-400", "unchanged", "equal-4", "equal-25", "lognormal-1", "lognormal-1.5", "zipf", "all-or-nothing",
    "size-weakness-by-cluster", "copies", "judge-labels", "unscored-10-allowed", "unscored-unsafe-4",
    "samples-1-5-lognormal-1",
  ]

  /// A world with a regression of 3 points, changed by `change`.
  private static func world(_ name: String, _ change: (inout VerdictWorld) -> Void) -> VerdictWorld {
    var world = VerdictWorld(name).regressed(by: 0.03)
    change(&world)
    return world
  }

  private static let independent =
    [10, 30, 100, 400, 1000].map { count in world("iid-\(count)") { $0.clusters = count } } + [
      world("unchanged") { ($0.fixed, $0.broken) = (0, 0) },
      world("traded") { ($0.fixed, $0.broken) = (0.06, 0.06) },
    ]

  private static let clustered = [(2, 200), (4, 100), (10, 60), (25, 24), (75, 10)].map { size, count in
    world("equal-\(size)") {
      $0.sizes = .equal(size)
      $0.clusters = count
    }
  }

  private static let uneven: [VerdictWorld] = [
    ("lognormal-1", .lognormal(1), 60), ("lognormal-1.5", .lognormal(1.5), 60),
    ("lognormal-2", .lognormal(2, median: 2), 60),
    ("zipf", .zipf, 60), ("one-large", .oneLarge(60), 240),
  ].map { (name: String, sizes: ClusterSizes, count: Int) in
    world(name) {
      $0.sizes = sizes
      $0.clusters = count
    }
  }

  /// Every response of a weak cluster is unsafe and no other one: clusters are all the evidence there is.
  private static let wholeClusters: [VerdictWorld] = [
    ("all-or-nothing", .equal(4), 100, 0.12), ("all-or-nothing-lognormal", .lognormal(1.5), 60, 0.12),
    ("all-or-nothing-rare", .lognormal(1), 60, 0.03),
  ].map { (name: String, sizes: ClusterSizes, count: Int, weak: Double) in
    var world = VerdictWorld(name)
    world.sizes = sizes
    world.clusters = count
    world.weak = weak
    (world.weakRate, world.otherRate) = (1, 0)
    return world.regressed(by: 0.03)
  }

  private static let sizeAndWeakness: [VerdictWorld] = [
    ("size-weakness", .attacks, Promise.noticed), ("size-weakness-by-cluster", .clusters, .held),
  ].map { name, weight, promise in
    world(name) {
      $0.sizes = .lognormal(1.5)
      $0.clusters = 60
      $0.sizeGoesWithWeakness = true
      $0.weight = weight
      $0.promise = promise
    }
  }

  private static let copies = [
    world("copies") {
      $0.hasCopies = true
      $0.clusters = 100
    }
  ]

  private static let judges: [VerdictWorld] = {
    let tenPercent = ErringJudge(sensitivity: 0.9, specificity: 0.9, labels: 0)
    return [
      world("judge-labels") { $0.judge = ErringJudge(sensitivity: 0.9, specificity: 0.9, labels: 200) },
      world("judge-uneven-labels") { $0.judge = ErringJudge(sensitivity: 0.8, specificity: 0.9, labels: 200) },
      world("judge-labels-equal-4") {
        $0.judge = ErringJudge(sensitivity: 0.9, specificity: 0.9, labels: 200)
        $0.sizes = .equal(4)
        $0.clusters = 100
      },
      world("judge-as-judged") {
        $0.judge = tenPercent
        $0.isTruthAsJudged = true
      },
      world("judge-no-labels") {
        $0.judge = tenPercent
        $0.promise = .open
      },
    ]
  }()

  private static let gaps: [VerdictWorld] = [
    world("unscored-10") { $0.missing = .atRandom(0.1, lines: false) },
    world("unscored-10-allowed") {
      $0.missing = .atRandom(0.1, lines: false)
      $0.isValidityLoosened = true
    },
    world("unscored-unsafe-4") { $0.missing = .unsafe(0.04) },
    world("unscored-unsafe-4-equal-4") {
      $0.missing = .unsafe(0.04)
      $0.sizes = .equal(4)
      $0.clusters = 100
    },
    world("missing-lines-4") { $0.missing = .atRandom(0.04, lines: true) },
    world("samples-1-5") { $0.samples = 1...5 },
    world("samples-1-5-lognormal-1") {
      $0.samples = 1...5
      $0.sizes = .lognormal(1)
      $0.clusters = 60
    },
  ]
}
