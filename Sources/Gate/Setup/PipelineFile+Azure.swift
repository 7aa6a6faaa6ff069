extension PipelineFile {
  static func azure(policy: String, keyVariable: String?) -> String {
    // Azure looks for $(variables), ${{ expressions }} and $[ expressions ] in scripts, too; a pair of quotes after the dollar sign is
    // nothing to the shell, and hides it.
    let path = shellWord(policy).replacing("$", with: "$''")
    let key = keyVariable.map {
      """
      \n        env:
                # A secret variable reaches a step only where it is named.
                \($0): $(\($0))
      """
    }
    return #"""
      # May this model ship? Written by `sluice init`; yours to change.
      # Variables: SLUICE_RELEASE and SLUICE_SHA256, the address of a release's tarball (sluice-VERSION-linux-x86_64.tar.gz) and its sum.
      # Builds of forks get no secrets, and here no job: leave "Make secrets available to builds of forks" off. A cache is a plain archive:
      # let the policy seal its ledger (`sluice explain ledger.sealing`).
      trigger: none
      pr:
        branches:
          include: ["*"]

      jobs:
        # Azure saves a cache only after a job that succeeded: so this one does, and the next ends with the exit code.
        - job: run
          displayName: Run the gate
          condition: and(succeeded(), ne(variables['System.PullRequest.IsFork'], 'True'))
          pool:
            vmImage: ubuntu-24.04
          timeoutInMinutes: "120"
          steps:
            - checkout: self
              fetchDepth: "1"
              persistCredentials: "false"

            - bash: |
                set -euo pipefail
                curl --fail --silent --show-error --location --retry 3 --output "$AGENT_TEMPDIRECTORY/sluice.tar.gz" "$SLUICE_RELEASE"
                echo "$SLUICE_SHA256  $AGENT_TEMPDIRECTORY/sluice.tar.gz" | sha256sum --check --quiet
                mkdir "$AGENT_TEMPDIRECTORY/sluice"
                tar -xzf "$AGENT_TEMPDIRECTORY/sluice.tar.gz" --strip-components=1 -C "$AGENT_TEMPDIRECTORY/sluice"
              displayName: Install Sluice

            - task: Cache@2
              displayName: Restore the ledger
              inputs:
                key: 'sluice | "$(Build.BuildId)"'
                restoreKeys: sluice
                path: .sluice

            - bash: |
                set -uo pipefail
                PATH="$AGENT_TEMPDIRECTORY/sluice/bin:$PATH"
                rm -rf build/sluice
                mkdir -p build/sluice
                code=0
                "$AGENT_TEMPDIRECTORY/sluice/share/sluice/recipes/run" \#(path) || code=$?
                echo "##vso[task.setvariable variable=code;isOutput=true]$code"
                if [[ -s build/sluice/summary.md ]]; then echo "##vso[task.uploadsummary]$PWD/build/sluice/summary.md"; fi
              name: sluice
              displayName: Run the policy\#(key ?? "")

            - task: PublishTestResults@2
              displayName: Publish the checks
              condition: succeededOrFailed()
              inputs:
                testResultsFormat: JUnit
                testResultsFiles: build/sluice/junit.xml
                testRunTitle: Sluice
                # The verdict is the next job's, by exit code.
                failTaskOnFailedTests: false

            - publish: build/sluice
              artifact: sluice-$(System.JobAttempt)
              displayName: Keep the reports
              condition: succeededOrFailed()

        - job: verdict
          displayName: May it ship?
          dependsOn: run
          pool:
            vmImage: ubuntu-24.04
          variables:
            code: $[ dependencies.run.outputs['sluice.code'] ]
          steps:
            - checkout: none
            - bash: |
                case "$CODE" in
                0) exit 0 ;;
                1) echo "##vso[task.logissue type=error]This model may not ship; the run's summary says why." ;;
                2) echo "##vso[task.logissue type=error]Inconclusive; the run's summary says how much evidence is missing." ;;
                69 | 75) echo "##vso[task.logissue type=error]No verdict yet (exit code $CODE). Run the pipeline again; it goes on where it stopped." ;;
                *) echo "##vso[task.logissue type=error]No verdict (exit code ${CODE:-unknown}); the log of the run says why." ;;
                esac
                exit "${CODE:-70}"
              displayName: Decide
              env:
                CODE: $(code)

      """#
  }
}
