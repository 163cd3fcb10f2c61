#
# Run it in the shell of the Exchange organisation that it is for, by its path, which is .\mend.undo.ps1 here:
#
#   .\mend.undo.ps1                   shows with -WhatIf what it would take back, and changes nothing
#   .\mend.undo.ps1 -Apply            takes back what was done, the last step first, as far as the first error; of a step
#                                     that was done in part, that part
#   .\mend.undo.ps1 -Apply -Step 1,3  these steps alone, and (1..22) for all of a range; one of which it is not known that
#                                     the other file took it is taken back whole
[CmdletBinding()]
param([switch]$Apply, [string[]]$Step = @())
$ErrorActionPreference = 'Stop'
$Preview = -not $Apply
$OnError = if ($Apply) { 'Stop' } else { 'Continue' }
$Wanted = @($Step | ForEach-Object { $_ -split ',' } | ForEach-Object { [int]$_ })
# RUN
$Here = $MyInvocation.MyCommand.Path
$Record = $Here -replace '\.undo\.ps1$', '.done'
$Done = @()
if (Test-Path -LiteralPath $Record) { $Done = @(Get-Content -LiteralPath $Record) }

# Of each block: the commands that it takes back any of, or that it takes back the whole step, or that it only reads.
function Invoke-Step([int]$Number, [string]$Title, [scriptblock[]]$Do, [string[]]$Of) {
    if ($Wanted.Count -gt 0 -and $Wanted -notcontains $Number) { return }
    $Taken = @($Of | ForEach-Object { $_ -split ' ' } | Where-Object { $Done -contains "$Run $Number.$_" })
    $Whole = $Done -contains "$Run $Number"
    if ($Taken.Count -eq 0 -and -not $Whole) {
        if ($Of -contains 'whole' -and $Done -contains "$Run $Number.1") { Write-Host "$Number. ${Title}: done in part, which is to be taken back by hand"; return }
        if ($Wanted.Count -eq 0) { Write-Host "$Number. ${Title}: was not taken"; return }
        $Whole = $true
    }
    Write-Host "Takes back $Number. $Title"
    $At = 0
    $Left = $false
    foreach ($One in $Do) {
        $Its = @($Of[$At] -split ' ')
        $At = $At + 1
        $Was = $Whole -or $Its -contains 'reads' -or @($Its | Where-Object { $Taken -contains $_ }).Count -gt 0
        if ($Its -contains 'whole' -and -not $Whole) {
            Write-Host "   by hand, since the step was done in part: $One"
            $Left = $true
        }
        if ($Was -and $Done -notcontains "$Run $Number-$At") {
            & $One
            if ($Apply -and $Its -notcontains 'reads') { Add-Content -LiteralPath $Record -Value "$Run $Number-$At" }
        }
    }
    if ($Apply -and -not $Left) {
        $script:Done = @(Get-Content -LiteralPath $Record | Where-Object { $_ -ne "$Run $Number" -and $_ -notlike "$Run $Number.*" -and $_ -notlike "$Run $Number-*" })
        Set-Content -LiteralPath $Record -Value $script:Done
    }
}

Start-Transcript -Path ($Here -replace '\.ps1$', '.log') -Append
try {
    if ($Preview) { Write-Host 'This changes nothing; with -Apply it does the following.' }
# STEPS
}
finally { Stop-Transcript }
