#
#   PATH-OF-THIS-FILE            shows each step with -WhatIf, and changes nothing
#   PATH-OF-THIS-FILE -Apply     takes the steps, in this order, as far as the first error; run again, it goes on from there
#   PATH-OF-THIS-FILE -Step 1,3  these steps alone; those that are taken on request are taken no other way
#
# Run it in the shell of the Exchange organisation that it is for. What it does is logged beside it (.log), the steps that
# were taken are kept beside it (.done), and the file that ends in .undo.ps1 takes those back.
[CmdletBinding()]
param([switch]$Apply, [int[]]$Step = @())
$ErrorActionPreference = 'Stop'
$Preview = -not $Apply
# A step may need the one before it, which a preview did not take.
$OnError = if ($Apply) { 'Stop' } else { 'Continue' }
# RUN
$Here = $MyInvocation.MyCommand.Path
$Record = $Here -replace '\.ps1$', '.done'
$Done = @()
if (Test-Path -LiteralPath $Record) { $Done = @(Get-Content -LiteralPath $Record) }

function Invoke-Step([int]$Number, [string]$Title, [string]$OnRequest, [scriptblock[]]$Do) {
    if ($Step.Count -gt 0 -and $Step -notcontains $Number) { return }
    if ($Done -contains "$Run $Number") { Write-Host "$Number. ${Title}: taken already"; return }
    if ($OnRequest -ne '' -and $Step -notcontains $Number) { Write-Host "$Number. ${Title}: with -Step $Number alone ($OnRequest)"; return }
    Write-Host "$Number. $Title"
    $Kept = $false
    foreach ($One in $Do) {
        & $One
        if ($Apply -and -not $Kept) { Add-Content -LiteralPath $Record -Value "$Run $Number"; $Kept = $true }
    }
}

Start-Transcript -Path ($Here -replace '\.ps1$', '.log') -Append
try {
    if ($Preview) { Write-Host 'This changes nothing; with -Apply it does the following.' }
# STEPS
}
finally { Stop-Transcript }
