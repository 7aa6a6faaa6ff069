import Core

/// A pipeline's file that runs a new policy with a cached ledger and keeps its reports. `.ci/recipes` has fuller ones, for an audit too.
public enum PipelineFile: String, Sendable, CaseIterable {
  /// A workflow of GitHub Actions, in the place where GitHub looks for it.
  case github
  /// A file that `.gitlab-ci.yml` includes.
  case gitlab
  /// A declarative pipeline of Jenkins, in the place where a job from SCM looks for it.
  case jenkins
  /// A pipeline of Azure, in the place where a new pipeline looks for it.
  case azure

  /// Where it is written, from the repository's root.
  var path: String {
    switch self {
    case .github: ".github/workflows/sluice.yml"
    case .gitlab: "sluice.gitlab-ci.yml"
    case .jenkins: "Jenkinsfile"
    case .azure: "azure-pipelines.yml"
    }
  }

  /// What has to be set in the system before the first job.
  func steps(keyVariable: String?) -> String {
    let secret = keyVariable.map { ", and the secret \($0)" } ?? ""
    return switch self {
    case .github:
      "In the repository's settings, under Secrets and variables, Actions: the variables SLUICE_RELEASE and SLUICE_SHA256, the address "
        + "of a release's tarball and its SHA-256 sum\(secret). Commit \(path); then every pull request is gated."
    case .gitlab:
      "In Settings, CI/CD, Variables: SLUICE_DEB and SLUICE_SHA256, the address of a release's Debian package and its SHA-256 "
        + "sum\(secret.isEmpty ? "" : "\(secret), masked"). Add `include: {local: \(path)}` to .gitlab-ci.yml; then every merge request is gated."
    case .jenkins:
      "In Manage Jenkins, System, Global properties, Environment variables: SLUICE_RELEASE and SLUICE_SHA256, the address of a release's "
        + "tarball and its SHA-256 sum\(keyVariable.map { "; in Credentials a secret text with the ID \($0)" } ?? ""). Commit \(path) and "
        + "make a pipeline job from SCM; then every build of it is a gate."
    case .azure:
      "Commit \(path), make a pipeline of it, and set its Variables: SLUICE_RELEASE and SLUICE_SHA256, the address of a release's "
        + "tarball and its SHA-256 sum\(keyVariable.map { ", and \($0), kept secret" } ?? ""). GitHub's and Bitbucket's pull requests are then "
        + "gated; in Azure Repos, add the pipeline to the branch's policies as a build validation."
    }
  }

  /// The file's text.
  /// - Parameters:
  ///   - policy: the policy's path from the repository's root, without control characters. Whatever it has beside them, the file says
  ///     that path to its system and its shell, and nothing more.
  ///   - keyVariable: the variable with the servers' key; nil where they want none.
  func text(policy: String, keyVariable: String?) -> String {
    // An option is nothing that a file's name may look like.
    let policy = policy.hasPrefix("-") ? "./" + policy : policy
    return switch self {
    case .github: Self.github(policy: policy, keyVariable: keyVariable)
    case .gitlab: Self.gitlab(policy: policy, keyVariable: keyVariable)
    case .jenkins: Self.jenkins(policy: policy, keyVariable: keyVariable)
    case .azure: Self.azure(policy: policy, keyVariable: keyVariable)
    }
  }

  /// A YAML scalar in single quotes, which hold every text without a line break.
  static func scalar(_ text: String) -> String { "'\(text.replacing("'", with: "''"))'" }

  /// A word of the shell in single quotes, without a backslash of its own, which other languages around it read as well.
  static func shellWord(_ text: String) -> String { "'\(text.replacing("'", with: #"'"'"'"#))'" }

  private static func github(policy: String, keyVariable: String?) -> String {
    let key = keyVariable.map { "          \($0): ${{ secrets.\($0) }}\n" } ?? ""
    // What begins an expression is the value of one here.
    let path = scalar(policy.replacing("${{", with: "${{ '${{' }}"))
    return """
      # May this model ship? Written by `sluice init`; yours to change.
      # Variables: SLUICE_RELEASE and SLUICE_SHA256, the address of a release's tarball (sluice-VERSION-linux-x86_64.tar.gz) and its sum.
      # Pull requests from forks get no secrets, and here no job. Caches can be read by all who can read the repository: let the
      # policy seal its ledger (`sluice explain ledger.sealing`).
      name: Sluice

      on:
        workflow_dispatch:
        pull_request:

      permissions: {}

      concurrency:
        group: sluice-${{ github.ref }}
        cancel-in-progress: false

      jobs:
        gate:
          name: Gate
          if: github.event_name != 'pull_request' || github.event.pull_request.head.repo.full_name == github.repository
          runs-on: ubuntu-24.04
          timeout-minutes: 120
          permissions:
            contents: read
          steps:
            - uses: actions/checkout@v6
              with:
                persist-credentials: false
            - name: Install Sluice
              env:
                RELEASE: ${{ vars.SLUICE_RELEASE }}
                SHA256: ${{ vars.SLUICE_SHA256 }}
              run: |
                curl --fail --silent --show-error --location --retry 3 --output "$RUNNER_TEMP/sluice.tar.gz" "$RELEASE"
                echo "$SHA256  $RUNNER_TEMP/sluice.tar.gz" | sha256sum --check --quiet
                mkdir "$RUNNER_TEMP/sluice"
                tar -xzf "$RUNNER_TEMP/sluice.tar.gz" --strip-components=1 -C "$RUNNER_TEMP/sluice"
            - name: Restore the ledger
              uses: actions/cache/restore@v5
              with:
                path: .sluice
                key: sluice-${{ github.run_id }}-${{ github.run_attempt }}
                restore-keys: sluice-
            - name: Run the policy
              env:
                POLICY: \(path)
      \(key)        run: |
                PATH="$RUNNER_TEMP/sluice/bin:$PATH"
                code=0
                "$RUNNER_TEMP/sluice/share/sluice/recipes/run" "$POLICY" || code=$?
                if [[ -s build/sluice/summary.md ]]; then cat build/sluice/summary.md >>"$GITHUB_STEP_SUMMARY"; fi
                exit "$code"
            - name: Keep the ledger
              if: always()
              uses: actions/cache/save@v5
              with:
                path: .sluice
                key: sluice-${{ github.run_id }}-${{ github.run_attempt }}
            - name: Keep the reports
              if: always()
              uses: actions/upload-artifact@v6
              with:
                name: sluice-${{ github.run_attempt }}
                path: build/sluice
                if-no-files-found: ignore

      """
  }

  private static func gitlab(policy: String, keyVariable: String?) -> String {
    let key = keyVariable.map { "; masked: \($0)" } ?? ""
    // A dollar sign begins a variable elsewhere.
    let path = policy.contains("$") ? "{value: \(scalar(policy)), expand: false}" : scalar(policy)
    return """
      # May this model ship? Written by `sluice init`; yours to change.
      # Variables: SLUICE_DEB and SLUICE_SHA256, the address of a release's Debian package and its sum\(key).
      # Merge requests from forks get no secrets, and here no job. A runner's cache is a plain archive: let the policy seal its ledger
      # (`sluice explain ledger.sealing`).
      sluice gate:
        stage: test
        image: debian:12-slim
        interruptible: false
        timeout: 2h
        resource_group: sluice
        variables:
          GIT_DEPTH: 1
          SLUICE_POLICY: \(path)
        before_script:
          - apt-get update -qq && apt-get install -y -qq --no-install-recommends ca-certificates curl >/dev/null
          - curl --fail --silent --show-error --location --retry 3 --output /tmp/sluice.deb "$SLUICE_DEB"
          - echo "$SLUICE_SHA256  /tmp/sluice.deb" | sha256sum --check --quiet
          - apt-get install -y -qq /tmp/sluice.deb >/dev/null
        script:
          # The exit code of sluice is the job's.
          - /usr/share/sluice/recipes/run "$SLUICE_POLICY"
        cache:
          key: sluice
          paths: [.sluice/]
          when: always
        artifacts:
          when: always
          access: developer
          expire_in: 1 year
          paths: [build/sluice/]
          reports:
            junit: build/sluice/junit.xml
        retry:
          max: 1
          # A server that was away, and a run that was interrupted.
          exit_codes: [69, 75]
        rules:
          - if: $CI_PIPELINE_SOURCE == "merge_request_event" && $CI_MERGE_REQUEST_SOURCE_PROJECT_PATH == $CI_PROJECT_PATH
          - if: $CI_COMMIT_TAG

      """
  }
}
